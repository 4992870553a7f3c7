// Keys in the lists (10 §5.5). One row of each list is the current one: Tab reaches its controls only, the arrow keys go on.

import { channelsUrl, groupOf, idOf, isTyping, openDialog, paneOf, send } from "./dom.js";
import { act } from "./actions.js";
import { edit } from "./inline_edit.js";
import { editsByKey, mayEdit } from "./may_edit.js";
import { isMenuOpen, menuFor, openMenu } from "./menu.js";
import { moveStream, step, stepGroup } from "./keyboard_move.js";
import * as selection from "./selection.js";
import { close, isOpen, open, toggle } from "./tree.js";

const ROWS = ".cm-account-head, .cm-group-head, .cm-channel > .cm-row, .cm-source";
const CONTROLS = "a, button, input";
let lastPane = "channels";

const mainOf = (row) => row.querySelector(":scope > .cm-name") ?? row.querySelector(":scope > .cm-twist") ?? row.querySelector(".cm-pick");

function visibleRows(tree) {
  return [...tree.querySelectorAll(ROWS)].filter((row) => row.checkVisibility?.() ?? row.offsetParent);
}

// --- one tab stop a list ----------------------------------------------------------------------------------------------
export function settleTabStops(within) {
  for (const row of rowsIn(within)) {
    if (row.classList.contains("is-current")) continue;
    for (const control of row.querySelectorAll(CONTROLS)) control.tabIndex = -1;
  }
  for (const tree of document.querySelectorAll("[data-tree]")) {
    if (!tree.querySelector(".is-current")) makeCurrent(tree.querySelector(ROWS));
  }
}

const rowsIn = (within) => [...(within.matches?.(ROWS) ? [within] : []), ...within.querySelectorAll(ROWS)];

function makeCurrent(row) {
  if (!row || row.classList.contains("is-current")) return;
  const old = row.closest("[data-tree]").querySelector(".is-current");
  if (old) {
    old.classList.remove("is-current");
    for (const control of old.querySelectorAll(CONTROLS)) control.tabIndex = -1;
  }
  row.classList.add("is-current");
  for (const control of row.querySelectorAll(CONTROLS)) control.removeAttribute("tabindex");
}

document.addEventListener("focusin", (event) => {
  const row = event.target.closest?.("#channel-manager :is(.cm-account-head, .cm-group-head, .cm-row, .cm-source)");
  if (row) makeCurrent(row);
  lastPane = paneOf(event.target) ?? lastPane;
});
document.addEventListener("pointerdown", (event) => {
  lastPane = (event.target instanceof Element && paneOf(event.target)) || lastPane;
});

// --- keys ---------------------------------------------------------------------------------------------------------------
document.addEventListener("keydown", (event) => {
  if (!document.getElementById("channel-manager") || isMenuOpen() || document.querySelector("dialog[open]")) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape" && event.target.type === "search") leaveSearch(event);
    return;
  }
  if (event.key === "Escape") return escape();
  if (!mayEdit && editsByKey(event)) return;
  const inLists = event.target.closest?.("#channel-manager") || event.target === document.body;
  if (inLists && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
    event.preventDefault();
    selection.pickAllShown(document.querySelector(`[data-tree="${lastPane}"]`));
    return;
  }
  if (event.key === "/" && !event.ctrlKey && inLists) {
    event.preventDefault();
    document.querySelector(`[data-pane="${lastPane}"] input[type=search]`)?.focus();
    return;
  }
  if (event.key === "?") {
    event.preventDefault();
    openDialog(channelsUrl("keys/"));
    return;
  }
  if (inLists && (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey) {
    event.preventDefault();
    undoLast();
    return;
  }
  if (event.ctrlKey || event.metaKey) return;
  if (event.key === "e" && inLists && lastPane === "channels" && !event.target.closest?.(ROWS) && selection.channelCount()) {
    event.preventDefault();
    editAll(null);
    return;
  }
  if (event.target.closest?.(".cm-grip") && moveByKey(event)) return;
  const member = event.target.closest?.(".cm-stream");
  if (member) return memberKeys(event, member);
  const row = event.target.closest?.(ROWS);
  if (row) rowKeys(event, row);
});

// What was done on this page, newest last: every message with an undo button names the address that takes it back.
const undoable = [];

document.addEventListener("toasts", (event) => {
  for (const item of event.detail.items) if (item.undo) undoable.push(item.undo);
});
document.addEventListener("htmx:afterRequest", (event) => {
  const at = undoable.indexOf(event.detail.requestConfig?.path);
  if (at >= 0) undoable.splice(at, 1); // taken back by its button
});

function undoLast() {
  const address = undoable.at(-1);
  if (address) send("POST", address);
  else window.ecm.announce("Nothing to undo");
}

function leaveSearch(event) {
  if (event.target.value) return; // the browser empties the field, which searches again
  event.target.blur();
}

function escape() {
  const drop = document.querySelector(".cm-drop[open]");
  if (drop) {
    drop.open = false;
    drop.querySelector("summary").focus();
    return;
  }
  selection.clear(lastPane);
}

// Arrow keys on a drag handle, and Alt with arrow keys anywhere in the row.
function moveByKey(event) {
  const edge = { Home: "first", End: "last" }[event.key];
  const row = event.target.closest(".cm-channel");
  if (edge && row && !event.target.closest(".cm-stream")) {
    event.preventDefault();
    act(edge, row);
    return true;
  }
  const direction = { ArrowUp: "up", ArrowDown: "down" }[event.key];
  if (!direction || event.target.closest("[data-tree]")?.dataset.tree === "streams") return false;
  const member = event.target.closest(".cm-stream");
  const item = event.target.closest(".cm-channel");
  const group = event.target.closest(".cm-group-head") && groupOf(event.target);
  if (!member && !item && !group) return false;
  event.preventDefault();
  if (member) moveStream(member, direction);
  else if (item) step(item, direction);
  else stepGroup(group, direction);
  return true;
}

function memberKeys(event, member) {
  if (event.altKey && moveByKey(event)) return;
  if (event.key === "Delete") {
    event.preventDefault();
    act("stream-remove", member);
  } else if (event.key === "ArrowLeft") {
    event.preventDefault();
    member.closest(".cm-channel").querySelector(".cm-name").focus();
  }
}

function rowKeys(event, row) {
  if (event.altKey) return void moveByKey(event);
  const section = row.parentElement;
  const item = row.closest(".cm-channel") ?? (row.classList.contains("cm-source") ? row : null);
  const work = {
    ArrowDown: () => go(row, 1),
    ArrowUp: () => go(row, -1),
    Home: () => focusRow(visibleRows(row.closest("[data-tree]"))[0]),
    End: () => focusRow(visibleRows(row.closest("[data-tree]")).at(-1)),
    ArrowRight: () => unfold(row, section),
    ArrowLeft: () => foldOrLeave(row, section),
    F2: () => rename(row, item),
    e: () => editAll(row, item),
    "#": () => item?.classList.contains("cm-channel") && edit(item, "number"),
    Delete: () => remove(row, item),
    ContextMenu: () => contextMenu(row),
    F10: () => event.shiftKey && contextMenu(row),
  }[event.key];
  if (work) {
    event.preventDefault();
    work();
  } else if (event.key === " " && !event.target.matches("input, button")) {
    event.preventDefault();
    if (item) event.shiftKey ? selection.range(item) : selection.toggle(item);
    else toggle(section);
  } else if (event.key === "Enter" && event.target.matches(".cm-name")) {
    event.preventDefault();
    edit(item, "name");
  }
}

function go(row, distance) {
  const rows = visibleRows(row.closest("[data-tree]"));
  focusRow(rows[rows.indexOf(row) + distance]);
}

function focusRow(row) {
  if (!row) return;
  makeCurrent(row);
  mainOf(row)?.focus();
}

function unfold(row, section) {
  if (row.classList.contains("cm-source")) return;
  if (!isOpen(section)) open(section);
  else go(row, 1);
}

function foldOrLeave(row, section) {
  if (!row.classList.contains("cm-source") && isOpen(section)) return void close(section);
  const parent = section.parentElement.closest(".cm-group, .cm-account") ?? groupOf(row);
  focusRow(parent?.querySelector(":scope > .cm-group-head, :scope > .cm-account-head"));
}

function rename(row, item) {
  if (item?.classList.contains("cm-channel")) edit(item, "name");
  else if (row.matches("#channel-tree .cm-group-head") && idOf(groupOf(row))) act("rename-group", groupOf(row));
}

function remove(row, item) {
  if (item?.classList.contains("cm-channel")) {
    if (selection.isPicked(item) && selection.channelCount() > 1) act("delete-selected");
    else openDialog(channelsUrl("delete/"), { channel: idOf(item) });
  } else if (row.matches("#channel-tree .cm-group-head") && idOf(groupOf(row))) act("delete-group", groupOf(row));
}

// The bulk edit dialog for the selection, or for this row alone when it is not ticked.
function editAll(row, item) {
  if (row && !row.closest("#channel-tree")) return;
  const subject = row && (item ?? groupOf(row));
  act("on-selection", subject, { dataset: { url: "bulk-edit/" } });
}

function contextMenu(row) {
  const found = menuFor(row);
  if (found) openMenu(found.kind, found.subject, row.querySelector(".cm-dots"));
}
