// Saved views: picking one, saving what is shown, and the mark that says that something else is shown.

import { channelsUrl, filterQuery, openDialog, send } from "./dom.js";
import { remember } from "./preferences.js";

const place = () => document.getElementById("channel-views");
export const viewId = () => place()?.dataset.view ?? "";

// What the address and the preferences say: both panes, and the view that was picked.
export function addressQuery() {
  const query = new URLSearchParams([...filterQuery("channels"), ...filterQuery("streams")]);
  if (viewId()) query.set("view", viewId());
  return query;
}

// A view is about the channels: what the other pane shows stays.
export function applyView(_, link) {
  const address = new URL(link.href);
  for (const [name, value] of filterQuery("streams")) address.searchParams.append(name, value);
  window.location.assign(address);
}

export const saveView = () => openDialog(`${channelsUrl("views/save/")}?${filterQuery("channels")}`);
export const updateView = () => sendAbout("update/", { query: filterQuery("channels").toString() });
export const defaultView = (_, button) => sendAbout("default/", { value: button.dataset.value });
const sendAbout = (path, values) => send("POST", channelsUrl(`views/${viewId()}/${path}`), { values });

// "upto" only says when groups were picked.
const pairsOf = (query) =>
  [...new URLSearchParams(query)]
    .filter(([name]) => name !== "upto")
    .map((pair) => pair.join("="))
    .sort()
    .join("&");

export function markChanges() {
  const bar = place();
  if (!bar?.dataset.view) return;
  const isChanged = pairsOf(bar.dataset.query) !== pairsOf(filterQuery("channels").toString());
  const mark = bar.querySelector("[data-view-changed]");
  if (mark.hidden === isChanged) window.ecm.announce(isChanged ? "The view was changed" : "The view is as it was saved");
  mark.hidden = !isChanged;
  document.getElementById("menu-views").content.querySelector("[data-view-update]").hidden = !isChanged;
}

// A view was saved, renamed or deleted: read the menu again, with the view that is in use now.
document.addEventListener("views:changed", async (event) => {
  const query = filterQuery("channels");
  query.set("view", event.detail.view);
  await send("GET", `${channelsUrl("views/")}?${query}`, { target: "#channel-views", swap: "outerHTML" });
  const address = addressQuery().toString();
  window.history.replaceState(null, "", address ? `?${address}` : window.location.pathname);
  remember({ filters: address });
  document.getElementById("channel-views-button").focus();
});

// Whoever comes by a view's address, or asked for everything, finds that again.
const typed = new URLSearchParams(window.location.search);
if (typed.has("view") || typed.has("all")) remember({ filters: addressQuery().toString() });
