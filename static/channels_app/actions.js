// Every button and menu entry with data-act, by name. ``subject`` is the row or group that it is about.

import { channelsUrl, groupOf, idOf, openDialog, post, root, rowOf, textOf } from "./dom.js";
import { applyFilter, clearFilters, dropFilter, pickOptions, toggleFilter } from "./filters.js";
import { edit } from "./inline_edit.js";
import { closeMenu, menuSubject } from "./menu.js";
import { moveStream, pickedGroups, step, stepGroup, toEdge } from "./keyboard_move.js";
import { showPane } from "./panes.js";
import { applyView, defaultView, saveView, updateView } from "./saved_views.js";
import * as selection from "./selection.js";
import { collapseAll, expandAll } from "./tree.js";
import { openInVlc } from "./vlc.js";

const ids = (item) => (item ? { channel: idOf(item) } : selection.channelValues());
const removeStream = (item) => {
  const list = item.closest(".cm-streams");
  return post(`${list.dataset.channel}/streams/remove/`, { stream: idOf(item) });
};

// A dialog at ``data-url`` (below the channel manager's address) for the selection: for all of it from a ticked row or a bar,
// for the row alone from another one, for what is ticked in it from a group.
async function onSelection(subject, button) {
  let values = selection.channelValues();
  if (subject?.matches(".cm-channel") && !selection.isPicked(subject)) values = selection.channelValues([idOf(subject)]);
  else if (subject?.matches("#channel-tree .cm-group")) values = await selection.valuesOfGroup(subject);
  if (!values.all && !values.channel) return window.ecm.toast("info", "Tick the channels that this is about first.");
  return openDialog(channelsUrl(button.dataset.url), values);
}

const ACTIONS = {
  "on-selection": onSelection,
  open: (_, button) => openDialog(button.getAttribute("href") ?? channelsUrl(button.dataset.url)),
  "select-matching": () => selection.pickMatching(),
  "apply-view": applyView,
  "save-view": saveView,
  "update-view": updateView,
  "default-view": defaultView,
  // channels
  edit: (item) => openDialog(channelsUrl(`${idOf(item)}/`)),
  rename: (item) => edit(item, "name"),
  renumber: (item) => edit(item, "number"),
  move: (item) => openDialog(channelsUrl("move/"), ids(item)),
  delete: (item) => openDialog(channelsUrl("delete/"), ids(item)),
  up: (item) => step(item, "up"),
  down: (item) => step(item, "down"),
  first: (item) => toEdge(item, "first"),
  last: (item) => toEdge(item, "last"),
  "insert-streams": (item) => createChannels({ group: idOf(groupOf(item)), start: textOf(item.querySelector(".cm-number")) }),
  hide: (item) => post(`${idOf(item)}/hidden/`, { value: "1" }),
  show: (item) => post(`${idOf(item)}/hidden/`, { value: "" }),
  "move-selected": () => openDialog(channelsUrl("move/"), ids()),
  "renumber-selected": () => openDialog(channelsUrl("renumber/"), ids()),
  "delete-selected": () => openDialog(channelsUrl("delete/"), ids()),
  "copy-channel-url": (item) => copyAddress(`${idOf(item)}/address/`),
  "copy-stream-url": (item) => copyAddress(`streams/${idOf(item)}/address/`),
  // looking at them, here or in VLC
  "preview-channel": (item) => openDialog(channelsUrl(`${idOf(item)}/preview/`)),
  "preview-stream": (item) => openDialog(channelsUrl(`streams/${idOf(item)}/preview/`)),
  "vlc-channel": (item) => openInVlc(channelsUrl(`${idOf(item)}/vlc/`), channelsUrl(`${idOf(item)}/m3u/`)),
  "vlc-stream": (item) => openInVlc(channelsUrl(`streams/${idOf(item)}/vlc/`), channelsUrl(`streams/${idOf(item)}/m3u/`)),
  // groups of channels
  "new-channel": (group) => openDialog(channelsUrl("create/"), { group: idOf(group) }),
  "rename-group": (group) => openDialog(channelsUrl(`groups/${idOf(group)}/rename/`)),
  "delete-group": (group) => openDialog(channelsUrl(`groups/${idOf(group)}/delete/`)),
  "group-up": (group) => stepGroup(group, "up"),
  "group-down": (group) => stepGroup(group, "down"),
  "place-group": (group) => openDialog(channelsUrl("groups/reorder/"), { group: pickedGroups(group).join(",") }),
  "sort-group": (group) => openDialog(channelsUrl(`groups/${idOf(group)}/sort/`)),
  "receive-behind": (group) => createChannels({ behind: idOf(group) }),
  receive: (group) => createChannels({ group: idOf(group) }),
  "expand-all": (_, button) => expandAll(button.closest("[data-pane]")),
  "collapse-all": (_, button) => collapseAll(button.closest("[data-pane]")),
  // streams on a channel
  "stream-up": (item) => moveStream(item, "up"),
  "stream-down": (item) => moveStream(item, "down"),
  "stream-remove": removeStream,
  // streams of providers
  "create-from-selected": () => createChannels(),
  "add-selected": () => openDialog(channelsUrl("add-streams/"), selection.streamValues()),
  "edit-custom-stream": (item) => openDialog(channelsUrl(`custom-streams/${idOf(item)}/`)),
  "delete-custom-stream": (item) => openDialog(channelsUrl(`custom-streams/${idOf(item)}/delete/`)),
  "create-from-group": async (group) => openBulk(await selection.valuesOfStreamGroup(group)),
  "show-channels-of": (_, mark) => (showPane("channels"), applyFilter("channels", "on", mark.dataset.value)),
  "select-group": (group) => selection.toggleGroup(group),
  "only-group": (group) => applyFilter("streams", "sgroup", group.dataset.id),
  // panes
  keys: () => openDialog(channelsUrl("keys/")),
  "clear-selection": (_, button) => selection.clear(paneList(button)),
  "toggle-filter": (_, button) => toggleFilter(button),
  "drop-filter": (_, button) => dropFilter(button),
  "clear-filters": (_, button) => clearFilters(button.closest("[data-pane]").dataset.pane),
  "pick-all": (_, button) => pickOptions(button, true),
  "pick-none": (_, button) => pickOptions(button, false),
};

const paneList = (button) => button.closest("[data-pane]")?.dataset.pane ?? (menuKind === "stream" ? "streams" : "channels");
let menuKind = null;

export function act(name, subject, button) {
  return ACTIONS[name]?.(subject, button);
}

// A menu entry on a stream that is not ticked speaks for that stream alone.
export function pickForMenu(kind, subject) {
  menuKind = kind;
  if (kind === "stream" && !selection.isPicked(subject)) selection.only(subject);
}

const COPY_FAILED_MS = 5000;

// Where the clipboard is out of reach, a dialog shows the address, ready to be selected (10 §9.2).
async function copyAddress(path) {
  const answer = await fetch(channelsUrl(path), { headers: { Accept: "text/plain" } }).catch(() => null);
  if (!answer?.ok) {
    const gone = answer?.status === 404;
    window.ecm.toast("error", gone ? "This does not exist any more." : "The address could not be read. Try again.", { shown: COPY_FAILED_MS });
  } else if (!(await window.ecm.copy(await answer.text()))) await openDialog(channelsUrl(path));
}

export function createChannels(target = {}) {
  return openBulk({ ...selection.streamValues(), ...target });
}

export function openBulk(values) {
  if (root().dataset.bulkUrl) return openDialog(root().dataset.bulkUrl, values);
  window.ecm.toast("warning", "Creating many channels at once is not available here.");
  return undefined;
}

// A channel that would take a number of another one is not made silently: the dialog shows the ways out.
document.addEventListener("lineup:ask", ({ detail }) => openBulk({ stream: detail.stream, group: detail.group }));

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-act]");
  if (!button || !(button.closest("#channel-manager, .cm-menu") || button.closest("#dialog, .card"))) return;
  if (!(button.dataset.act in ACTIONS)) return;
  event.preventDefault();
  const inMenu = button.closest(".cm-menu");
  const subject = inMenu ? menuSubject() : (button.closest(".cm-stream") ?? rowOf(button) ?? groupOf(button));
  if (inMenu) closeMenu({ refocus: true });
  act(button.dataset.act, subject, button);
});
