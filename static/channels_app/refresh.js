// Brings the panes up to date after an edit: only the rows or groups that changed when the server says which, else the
// whole list; with the same groups open, the same place in view and the focus where it was.

import { channelTree, channelsUrl, filterQuery, idOf, post, send, streamTree } from "./dom.js";
import { isHeld } from "./holding.js";
import * as selection from "./selection.js";
import { openState } from "./tree.js";

let pending = null;
let running = Promise.resolve();

// Resolves when the changes that are known by now are on screen.
export async function whenRefreshed() {
  while (pending) await new Promise((resolve) => window.setTimeout(resolve, 25));
  await running;
}

document.addEventListener("lineup:changed", (event) => {
  const { channels, groups, streams = [], deleted = [], reveal, new_group: newGroup } = event.detail;
  if (!pending) window.setTimeout(begin, 20); // several events of one answer make one refresh
  pending ??= { channels: new Set(), groups: new Set(), streams: new Set(), all: false, anyStream: false };
  if (channels) channels.forEach((id) => pending.channels.add(id));
  else if (groups) groups.forEach((id) => pending.groups.add(id));
  else pending.all = true;
  if (streams.length) streams.forEach((id) => pending.streams.add(id));
  else if (!channels && !groups) pending.anyStream = true;
  if (reveal) pending.reveal = { channel: reveal, group: groups?.[0] ?? 0 };
  if (newGroup) pending.newGroup = newGroup;
  selection.forget(deleted);
});

// Taking something back from a toast or the journal may have changed anything.
document.addEventListener("journal:changed", () => document.dispatchEvent(new CustomEvent("lineup:changed", { detail: {} })));

// Somebody who types a name, or is moving a row, must not have it taken away.
function begin() {
  if (isHeld()) document.addEventListener("manager:free", begin, { once: true });
  else running = run();
}

let refused = false;
let focused = null; // where the focus was when rows were exchanged

// Somebody took hold of a row while the answer was on its way: leave the rows alone and ask again afterwards.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (!event.detail.requestConfig?.path.startsWith(channelsUrl("refresh/"))) return;
  focused = focusOf(document.activeElement);
  if (!isHeld()) return;
  event.detail.shouldSwap = false;
  refused = true;
});
// Rows may have gone while the answer about them was on its way (another filter, a closed group): nobody misses those parts,
// but htmx would call them an error.
document.addEventListener("htmx:beforeSwap", (event) => {
  const path = event.detail.requestConfig?.path ?? "";
  if (!["streams/marks/", "refresh/"].some((part) => path.startsWith(channelsUrl(part)))) return;
  const answer = document.createElement("template");
  answer.innerHTML = event.detail.serverResponse;
  const lost = [...answer.content.children].filter((part) => part.matches("[id][hx-swap-oob=true]") && !document.getElementById(part.id));
  if (!lost.length) return;
  lost.forEach((part) => part.remove());
  event.detail.serverResponse = answer.innerHTML;
});
document.addEventListener("htmx:afterSwap", () => restoreFocus(focused));
document.addEventListener("htmx:oobAfterSwap", () => restoreFocus(focused));

function askAgain(wanted) {
  if (pending) {
    for (const name of ["channels", "groups", "streams"]) wanted[name].forEach((id) => pending[name].add(id));
    pending.all ||= wanted.all;
    pending.anyStream ||= wanted.anyStream;
    return;
  }
  pending = wanted;
  begin();
}

async function run() {
  const wanted = pending;
  pending = null;
  refused = false;
  await Promise.all([refreshChannels(wanted), refreshMarks(wanted)]);
  if (refused) return askAgain(wanted);
  if (wanted.newGroup) followNewGroup(wanted.newGroup);
  selection.show();
  if (wanted.reveal) revealed(document.getElementById(`c${wanted.reveal.channel}`));
  else if (wanted.newGroup) revealed(document.getElementById(`g${wanted.newGroup}`));
  focused = null;
}

async function refreshChannels({ all, groups, channels, reveal }) {
  const { open, expanded, groups: groupCount } = openState();
  const query = filterQuery("channels");
  if (reveal && !open.some((entry) => entry.startsWith(`${reveal.group}:`))) open.push(`${reveal.group}:0`);
  query.set("open", open.join(","));
  query.set("expanded", expanded.join(","));
  query.set("groups", groupCount);
  if (!all && !groups.size) {
    if (!channels.size) return;
    query.set("channels", [...channels].join(","));
    query.set("rows", [...channels].filter((id) => document.getElementById(`c${id}`)).join(","));
  } else if (!all) {
    for (const id of channels) groups.add(idOf(document.getElementById(`c${id}`)?.closest(".cm-group") ?? { dataset: { id: 0 } }));
    query.set("only", [...groups].join(","));
    query.set("order", document.getElementById("channel-groups")?.dataset.order ?? "");
  }
  const tree = channelTree();
  const top = tree.scrollTop;
  const keepPlace = (event) => {
    if (event.detail.target === tree) tree.scrollTop = top;
  };
  document.addEventListener("htmx:afterSwap", keepPlace);
  await send("GET", `${channelsUrl("refresh/")}?${query}`, { target: tree, swap: "innerHTML" });
  document.removeEventListener("htmx:afterSwap", keepPlace);
}

async function refreshMarks({ streams, anyStream }) {
  if (!streams.size && !anyStream) return;
  if (filterQuery("streams").has("unmapped")) {
    document.getElementById("stream-filter").requestSubmit();
    return;
  }
  if (streams.size) document.getElementById("hide-mapped").hidden = false;
  const shown = [...streamTree().querySelectorAll(".cm-source")].map(idOf).filter((id) => anyStream || streams.has(id));
  if (shown.length) await post("streams/marks/", { ids: shown.slice(0, 2000).join(",") });
}

// A group that was just made joins a picked set of groups, else it would be out of sight at once (10 §4).
function followNewGroup(id) {
  const form = document.getElementById("channel-filter");
  if (!form.querySelector("[name=group]:checked, [name=group][type=hidden]")) return;
  const input = document.createElement("input");
  Object.assign(input, { type: "hidden", name: "group", value: id });
  form.querySelector("[name=group]").closest(".cm-options").append(input);
  form.requestSubmit();
}

function revealed(element) {
  if (!element) return;
  element.scrollIntoView({ block: "nearest" });
  element.classList.add("is-new");
  window.setTimeout(() => element.classList.remove("is-new"), 2500);
  (element.querySelector(".cm-name") ?? element.querySelector(".cm-twist"))?.focus({ preventScroll: true });
}

// --- focus ------------------------------------------------------------------------------------------------------------
// A control is found again by the row it is in and by what it is. A row that was deleted leaves the focus to a neighbour.
function focusOf(element) {
  const holder = element?.closest?.("#channel-tree [id], #stream-tree [id]");
  const row = element?.closest?.(".cm-stream");
  const item = element?.closest?.(".cm-channel, .cm-group, .cm-source");
  if (!holder || !item) return null;
  const control = element.dataset.act ? `[data-act="${element.dataset.act}"]` : [...element.classList].find((name) => name.startsWith("cm-"));
  const near = [item.nextElementSibling, item.previousElementSibling, item.parentElement.closest(".cm-group")].map((other) => other?.id);
  return { item: item.id, near, stream: row?.dataset.id, control: control?.startsWith("cm-") ? `.${control}` : control };
}

export function restoreFocus(place) {
  if (!place || (document.activeElement && document.activeElement !== document.body)) return;
  const item = [place.item, ...place.near].map((id) => id && document.getElementById(id)).find(Boolean);
  const within = place.stream ? item?.querySelector(`.cm-stream[data-id="${place.stream}"]`) : item;
  const control = place.control && within?.querySelector(place.control);
  (control && !control.disabled ? control : (item?.querySelector(".cm-name, .cm-twist") ?? null))?.focus({ preventScroll: true });
}
