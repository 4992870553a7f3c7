// Opening and closing: providers, groups, channels. Rows come from the server when something is opened for the first time.

import { channelTree, channelsUrl, filterQuery, send, shownCount, streamTree, treeOf } from "./dom.js";
import { remember } from "./preferences.js";

const bodyOf = (section) => section.querySelector(":scope > .cm-rows, :scope > .cm-account-body");
const twistOf = (section) => section.querySelector(":scope > :is(.cm-group-head, .cm-account-head, .cm-row) > .cm-twist");

export const isOpen = (section) => section.classList.contains("is-open");

export function toggle(section) {
  return isOpen(section) ? close(section) : open(section);
}

export async function open(section) {
  if (section.classList.contains("cm-channel")) return openChannel(section);
  mark(section, true);
  rememberOpen(section);
  const body = bodyOf(section);
  // A body that htmx fills by itself as soon as it is seen must not be asked for twice.
  if (body.childElementCount || body.hasAttribute("hx-get") || body.ariaBusy === "true") return;
  await load(section, body);
}

export function close(section) {
  mark(section, false);
  if (section.classList.contains("cm-channel")) section.querySelector(":scope > .cm-streams")?.remove();
  else rememberOpen(section);
}

async function load(section, body) {
  body.ariaBusy = "true";
  await send("GET", `${pathOf(section)}?${filterQuery(treeOf(section))}`, { target: body, swap: "innerHTML" });
  body.removeAttribute("aria-busy");
}

function pathOf(section) {
  if (section.classList.contains("cm-account")) return channelsUrl(`streams/providers/${section.dataset.id}/`);
  if (treeOf(section) === "streams") return channelsUrl(`streams/groups/${section.dataset.account}-${section.dataset.id}/`);
  return channelsUrl(`groups/${section.dataset.id}/rows/`);
}

async function openChannel(item) {
  mark(item, true);
  if (item.querySelector(":scope > .cm-streams")) return;
  await send("GET", `${channelsUrl(`${item.dataset.id}/streams/`)}?`, { target: item, swap: "beforeend" });
}

function mark(section, opened) {
  section.classList.toggle("is-open", opened);
  twistOf(section)?.setAttribute("aria-expanded", String(opened));
}

function rememberOpen(section) {
  if (section.classList.contains("cm-account")) {
    if (!filterQuery("streams").has("sq")) remember({ closed_providers: closedProviders().join(",") });
    return;
  }
  if (treeOf(section) !== "channels" || isNarrowed()) return; // what a search opened is not what somebody wants to keep
  keptOpen = openIds();
  remember({ open_groups: keptOpen.join(",") });
}

const openIds = () => [...channelTree().querySelectorAll(".cm-group.is-open")].map((group) => group.dataset.id);
let keptOpen = null; // groups to open again when a search ends

export function keepOpenGroups() {
  if (!isNarrowed()) keptOpen = openIds();
}

document.addEventListener("htmx:configRequest", (event) => {
  const { elt, parameters } = event.detail;
  if (elt.id === "channel-filter" && keptOpen) parameters.set("open", keptOpen.join(","));
  if (elt.id === "stream-filter") parameters.set("closed", closedProviders().join(","));
});

const closedProviders = () => [...streamTree().querySelectorAll(".cm-account:not(.is-open)")].map((each) => each.dataset.id);

const isNarrowed = () => ["q", "missing", "without", "stale", "dup", "on"].some((name) => filterQuery("channels").has(name));

export async function expandAll(pane) {
  const groups = [...pane.querySelectorAll(".cm-group:not(.is-open)")].filter((group) => shownCount(group));
  for (const group of groups) {
    // Rows of groups that are out of sight load when they are scrolled to.
    const body = bodyOf(group);
    mark(group, true);
    if (!body.childElementCount && !body.hasAttribute("hx-get")) {
      body.setAttribute("hx-get", `${pathOf(group)}?${filterQuery(treeOf(group))}`);
      body.setAttribute("hx-trigger", "intersect once root:#channel-tree");
      body.style.minHeight = `calc(${Math.min(shownCount(group), 100)} * var(--cm-row))`;
      window.htmx.process(body);
    }
  }
  if (groups.length) rememberOpen(groups[0]);
}

export function collapseAll(pane) {
  const opened = [...pane.querySelectorAll(".cm-group.is-open")];
  for (const group of opened) mark(group, false);
  if (opened.length) rememberOpen(opened[0]);
}

export function openState() {
  const tree = channelTree();
  const open = [...tree.querySelectorAll(".cm-group.is-open")].map(
    (group) => `${group.dataset.id}:${group.querySelectorAll(".cm-channel").length}`,
  );
  const expanded = [...tree.querySelectorAll(".cm-channel.is-open")].map((item) => item.dataset.id);
  return { open, expanded, groups: tree.querySelectorAll(".cm-group").length };
}

// A body that grew its rows no longer needs the height that stood in for them.
document.addEventListener("htmx:afterSwap", (event) => {
  const body = event.detail.target;
  if (body?.matches?.(".cm-rows, .cm-account-body")) body.style.minHeight = "";
});
