// Moving rows without a mouse: with the arrow keys and from menus. The row moves at once; the server is told when the keys
// rest for a moment, so that five presses are one change.

import { counted, filterQuery, groupOf, idOf, nameOf, post } from "./dom.js";
import { hold, letGo } from "./holding.js";
import * as selection from "./selection.js";

const neighbour = (item, direction, selector) => {
  const next = direction === "up" ? item.previousElementSibling : item.nextElementSibling;
  return next?.matches(selector) ? next : null;
};

const PAUSE = 450; // ms after the last key

// Makes a function that saves an item when the keys rest; turning to another item saves the first at once.
function saver(save) {
  let timer;
  let waiting = null;
  async function flush() {
    window.clearTimeout(timer);
    const item = waiting;
    waiting = null;
    if (item) await save(item);
    if (!waiting) letGo(save);
  }
  return (item) => {
    if (waiting && waiting !== item) flush();
    waiting = item;
    hold(save);
    window.clearTimeout(timer);
    timer = window.setTimeout(flush, PAUSE);
  };
}

function shift(item, direction, selector) {
  const other = neighbour(item, direction, selector);
  if (!other) {
    window.ecm.announce(direction === "up" ? "Already first" : "Already last");
    return false;
  }
  const focused = document.activeElement;
  if (direction === "up") other.before(item);
  else other.after(item);
  if (item.contains(focused)) focused.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
  return true;
}

// ``before``: the row that follows now; at the end of what is loaded but not of the group, ``after`` says it instead.
export function placeOf(item, selector) {
  const next = item.nextElementSibling;
  if (next?.matches(selector)) return { before: idOf(next) };
  if (next?.matches(".cm-more")) return { after: item.previousElementSibling ? idOf(item.previousElementSibling) : "" };
  return {};
}

const saveChannel = saver((item) => {
  const place = placeOf(blockOf(item).at(-1), ".cm-channel");
  return post("reorder/", { group: idOf(groupOf(item)), channel: movedWith(item).join(","), ...place });
});

// One place up or down: the row, or with it all that are ticked in its group.
export function step(item, direction) {
  if (isSortedOtherwise() || !isOneBlock(item)) return;
  const block = blockOf(item);
  if (!(block.length > 1 ? shiftBlock(item, block, direction) : shift(item, direction, ".cm-channel"))) return;
  const rows = [...item.parentElement.querySelectorAll(":scope > .cm-channel")];
  const what = block.length > 1 ? counted(block.length, "channel") : nameOf(item);
  window.ecm.announce(`${what}, place ${rows.indexOf(block[0]) + 1} of ${counted(rows.length, "channel")}`);
  saveChannel(item);
}

// To the first or last place of the group, with all that are ticked in it.
export async function toEdge(item, edge) {
  if (isSortedOtherwise() || !isOneBlock(item)) return;
  const block = blockOf(item);
  const first = [...item.parentElement.querySelectorAll(":scope > .cm-channel")].find((row) => !block.includes(row));
  const place = edge === "first" && first ? { before: idOf(first) } : {};
  if (edge === "first" && !first) return;
  await post("reorder/", { group: idOf(groupOf(item)), channel: movedWith(item).join(","), ...place });
}

// The rows that move with this one, in their order.
const blockOf = (item) =>
  isWithSelection(item) ? [...item.parentElement.querySelectorAll(":scope > .cm-channel")].filter(selection.isPicked) : [item];

// Places are places in one group: a selection that reaches further is moved by its dialog.
function isOneBlock(item) {
  if (!isWithSelection(item) || (!selection.isMatching() && blockOf(item).length === selection.channelCount())) return true;
  window.ecm.toast("info", "More is selected than the rows of this group. Use “Move to group…”, or select channels of one group.");
  return false;
}

function shiftBlock(item, block, direction) {
  const isUp = direction === "up";
  let other = isUp ? block[0].previousElementSibling : block.at(-1).nextElementSibling;
  if (!other?.matches(".cm-channel")) {
    const gathered = block.at(-1).previousElementSibling === block.at(-2) && block[0].nextElementSibling === block[1];
    if (gathered) {
      window.ecm.announce(isUp ? "Already first" : "Already last");
      return false;
    }
    other = isUp ? block[0] : block.at(-1);
  }
  const focused = document.activeElement;
  if (isUp) other.before(...block);
  else other.after(...block);
  if (block.some((row) => row.contains(focused))) focused.focus({ preventScroll: true });
  item.scrollIntoView({ block: "nearest" });
  return true;
}

const saveGroup = saver((group) => post("groups/place/", { group: idOf(group), ...placeOf(group, ".cm-group") }));

export function stepGroup(group, direction) {
  if (!idOf(group) || !shift(group, direction, ".cm-group:not(.is-uncategorized)")) return;
  window.ecm.announce(`Group ${nameOf(group)} moved ${direction}`);
  saveGroup(group);
}

// The groups that move with this one: all whose box is ticked, when its own is (10 §6).
export function pickedGroups(group) {
  const isTicked = (each) => each.querySelector(":scope > .cm-group-head > .cm-pick")?.checked;
  const groups = isTicked(group) ? [...group.parentElement.querySelectorAll(":scope > .cm-group")].filter(isTicked) : [group];
  return groups.map(idOf).filter(Boolean);
}

const saveStreams = saver((list) => {
  const order = [...list.querySelectorAll(":scope > .cm-stream")].map(idOf);
  return post(`${list.dataset.channel}/streams/reorder/`, { stream: order.join(",") });
});

export function moveStream(item, direction) {
  if (!shift(item, direction, ".cm-stream")) return;
  renumberPlaces(item.parentElement);
  window.ecm.announce(`${nameOf(item)}, place ${item.querySelector(".cm-place").textContent}`);
  saveStreams(item.parentElement);
}

export function renumberPlaces(list) {
  const items = [...list.querySelectorAll(":scope > .cm-stream")];
  items.forEach((each, index) => {
    each.querySelector(".cm-place").textContent = index + 1;
    each.querySelector("[data-act=stream-up]").disabled = index === 0;
    each.querySelector("[data-act=stream-down]").disabled = index === items.length - 1;
  });
}

// The selection when the row belongs to it, else the row alone.
export function movedWith(item) {
  return isWithSelection(item) ? [...selection.channels.keys()] : [idOf(item)];
}

export const spansGroups = () => selection.isMatching() || new Set(selection.channels.values()).size > 1;

export const isWithSelection = (item) => selection.isPicked(item) && selection.channelCount() > 1;

// Places inside a group are numbers: rows that stand in another order cannot be put in place.
export function isSortedOtherwise() {
  if (!filterQuery("channels").get("sort")) return false;
  window.ecm.toast("info", "The rows are not sorted by number now. Sort them by number to change their order.");
  return true;
}
