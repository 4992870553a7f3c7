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
  return post("reorder/", { group: idOf(groupOf(item)), channel: idOf(item), ...placeOf(item, ".cm-channel") });
});

export function step(item, direction) {
  if (isSortedOtherwise()) return;
  if (!shift(item, direction, ".cm-channel")) return;
  const rows = [...item.parentElement.querySelectorAll(":scope > .cm-channel")];
  window.ecm.announce(`${nameOf(item)}, place ${rows.indexOf(item) + 1} of ${counted(rows.length, "channel")}`);
  saveChannel(item);
}

const saveGroup = saver((group) => post("groups/place/", { group: idOf(group), ...placeOf(group, ".cm-group") }));

export function stepGroup(group, direction) {
  if (!idOf(group) || !shift(group, direction, ".cm-group:not(.is-uncategorized)")) return;
  window.ecm.announce(`Group ${nameOf(group)} moved ${direction}`);
  saveGroup(group);
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

export const isWithSelection = (item) => selection.isPicked(item) && selection.channelCount() > 1;

// Places inside a group are numbers: rows that stand in another order cannot be put in place.
export function isSortedOtherwise() {
  if (!filterQuery("channels").get("sort")) return false;
  window.ecm.toast("info", "The rows are not sorted by number now. Sort them by number to change their order.");
  return true;
}
