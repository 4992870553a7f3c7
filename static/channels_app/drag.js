// Drag and drop, carried by SortableJS (10 §6). Lists become sortable when a handle is pressed and stop being it when it is
// let go: nothing is kept alive in between. What is dragged comes from the page's own state, never from the browser's
// transfer object.
//
// Inside a list SortableJS moves the row and "update" says that the order changed. Dropping *onto* something (a channel, a
// group's header) is not a list operation: that target is found under the pointer.

import { channelTree, counted, groupOf, idOf, keyOf, nameOf, openDialog, channelsUrl, post, send } from "./dom.js";
import { createChannels, openBulk } from "./actions.js";
import { hold, letGo } from "./holding.js";
import { isSortedOtherwise, isWithSelection, movedWith, placeOf, renumberPlaces } from "./keyboard_move.js";
import * as selection from "./selection.js";

const THRESHOLD = { channel: 8, group: 8, member: 5, source: 5, "source-group": 5 }; // px before a press is a drag
const GAP = 7; // px at the top of a row that mean "before this row"

let drag = null;
let lists = [];
let saving = false;

// --- beginning --------------------------------------------------------------------------------------------------------
document.addEventListener(
  "pointerdown",
  (event) => {
    const grip = event.target.closest?.("#channel-manager .cm-grip");
    if (!grip || event.button || saving || !window.Sortable) return;
    release();
    const item = grip.closest(".cm-stream, .cm-channel, .cm-source") ?? groupOf(grip);
    arm(kindOf(item), item);
  },
  true,
);

function kindOf(item) {
  if (item.classList.contains("cm-stream")) return "member";
  if (item.classList.contains("cm-channel")) return "channel";
  if (item.classList.contains("cm-source")) return "source";
  return item.closest("[data-tree]").dataset.tree === "channels" ? "group" : "source-group";
}

function arm(kind, item) {
  const shared = {
    forceFallback: true, // pointer events everywhere: touch works, and the page decides what is shown
    fallbackOnBody: true,
    fallbackClass: "cm-drag-hidden",
    fallbackTolerance: THRESHOLD[kind],
    animation: 120,
    scroll: true,
    scrollSensitivity: 56,
    scrollSpeed: 14,
    bubbleScroll: true,
    onStart: (event) => begin(kind, event.item),
    onUpdate: (event) => drag && (drag.moved = true) && (drag.event = event),
    onAdd: (event) => drag && (drag.event = event),
    onEnd: end,
    onUnchoose: () => window.setTimeout(() => drag || release(), 0),
  };
  if (kind === "channel") {
    const open = channelTree().querySelectorAll(".cm-group.is-open > .cm-rows");
    for (const list of open) {
      sortable(list, { ...shared, group: "channels", draggable: ".cm-channel", handle: ".cm-row > .cm-grip" });
    }
  } else if (kind === "group") {
    const onMove = (event) => !event.related.classList.contains("is-uncategorized") || event.willInsertAfter;
    const draggable = ".cm-group";
    sortable(item.parentElement, { ...shared, draggable, handle: ".cm-group-head > .cm-grip", filter: ".is-uncategorized", onMove });
  } else if (kind === "member") {
    sortable(item.parentElement, { ...shared, draggable: ".cm-stream", handle: ".cm-grip" });
  } else {
    const draggable = kind === "source" ? ".cm-source" : ".cm-group";
    const group = { name: kind, pull: false, put: false };
    sortable(item.parentElement, { ...shared, draggable, handle: ".cm-grip", group, sort: false });
  }
}

const sortable = (list, options) => lists.push(new window.Sortable(list, options));

function release() {
  for (const list of lists) if (list.el) list.destroy();
  lists = [];
}

function begin(kind, item) {
  const next = item.nextElementSibling;
  drag = { kind, item, from: item.parentElement, next, label: makeLabel(), target: null, text: "" };
  hold("drag");
  if (kind === "source" && !selection.isPicked(item)) selection.only(item);
  drag.text = textFor(kind, item);
  showLabel();
  document.documentElement.classList.add("cm-dragging");
  document.addEventListener("pointermove", follow, { passive: true });
  document.addEventListener("keydown", cancelByKey, true);
}

function textFor(kind, item) {
  if (kind === "channel") {
    return isWithSelection(item) ? counted(selection.channelCount(), "channel") : nameOf(item);
  }
  if (kind === "source" && selection.streamCount() > 1) return counted(selection.streamCount(), "stream");
  if (kind === "source-group") {
    const whole = [...selection.streamGroups.keys()];
    return whole.length > 1 && whole.includes(keyOf(item)) ? counted(whole.length, "group") : nameOf(item);
  }
  return nameOf(item);
}

// --- under way --------------------------------------------------------------------------------------------------------
function makeLabel() {
  const label = document.createElement("div");
  label.className = "cm-drag-label";
  label.append(document.createElement("span"), document.createElement("span"));
  document.body.append(label);
  return label;
}

function showLabel() {
  const [what, where] = drag.label.children;
  what.textContent = drag.text;
  where.textContent = drag.target?.text ?? "";
}

function follow(event) {
  if (!drag) return;
  drag.label.style.transform = `translate(${event.clientX + 14}px, ${event.clientY + 10}px)`;
  const target = drag.cancelled ? null : targetAt(event.clientX, event.clientY);
  if (target?.element === drag.target?.element && target?.mode === drag.target?.mode) return;
  drag.target?.element.classList.remove("is-drop-target", "is-insert-before");
  drag.target = target;
  target?.element.classList.add(target.mode === "before" ? "is-insert-before" : "is-drop-target");
  showLabel();
}

// What a drop here would be aimed at, beside what SortableJS does inside its lists.
function targetAt(x, y) {
  const under = document.elementFromPoint(x, y);
  if (!under || !channelTree().contains(under)) return null;
  const head = under.closest(".cm-group-head");
  const group = under.closest(".cm-group");
  if (drag.kind === "channel") {
    if (!head || group === groupOf(drag.item)) return null;
    return { mode: "group", element: head, group: idOf(group), text: `Move to ${nameOf(group)}` };
  }
  if (drag.kind === "source") return sourceTarget(under, group, y);
  if (drag.kind === "source-group") {
    if (group) return { mode: "group", element: group.querySelector(".cm-group-head"), group: idOf(group), text: `New channels in ${nameOf(group)}` };
    return { mode: "pane", element: channelTree(), text: "New channels" };
  }
  return null;
}

function sourceTarget(under, group, y) {
  const channel = under.closest(".cm-channel");
  if (channel) {
    const row = channel.querySelector(".cm-row");
    const number = channel.querySelector(".cm-number").textContent;
    if (under.closest(".cm-row") && y - row.getBoundingClientRect().top < GAP && number !== "–") {
      return { mode: "before", element: channel, group: idOf(group), start: number, text: `Insert at ${number}` };
    }
    return { mode: "channel", element: channel, text: `Add to ${nameOf(channel)}` };
  }
  if (!group) return { mode: "pane", element: channelTree(), group: 0, text: "New channels" };
  const head = group.querySelector(".cm-group-head");
  const many = selection.streamCount() > 1;
  return { mode: "group", element: head, group: idOf(group), text: `${many ? "New channels" : "New channel"} in ${nameOf(group)}` };
}

function cancelByKey(event) {
  if (event.key !== "Escape" || !drag) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  drag.cancelled = true;
  document.dispatchEvent(new PointerEvent("pointerup", { bubbles: true }));
}

// --- the drop ---------------------------------------------------------------------------------------------------------
async function end() {
  const done = drag;
  drag = null;
  document.documentElement.classList.remove("cm-dragging");
  document.removeEventListener("pointermove", follow);
  document.removeEventListener("keydown", cancelByKey, true);
  done.target?.element.classList.remove("is-drop-target", "is-insert-before");
  done.label.remove();
  window.setTimeout(release, 0); // after SortableJS has finished with its own event
  saving = true;
  done.item.classList.add("cm-saving");
  try {
    if (done.cancelled) putBack(done);
    else await DROPS[done.kind](done);
  } finally {
    saving = false;
    done.item.classList.remove("cm-saving");
    letGo("drag");
  }
}

const DROPS = { channel: dropChannel, group: dropGroup, member: dropMember, source: dropSource, "source-group": dropSourceGroup };

function putBack({ item, from, next }) {
  if (next?.parentElement === from) next.before(item);
  else from.append(item);
}

async function dropChannel(done) {
  const moved = movedWith(done.item);
  const target = isWithSelection(done.item) ? selection.channelValues() : { channel: idOf(done.item) };
  const home = idOf(done.from.closest(".cm-group"));
  if (done.target?.mode === "group") {
    putBack(done);
    return openDialog(channelsUrl("move/"), { ...target, group: done.target.group, by: "drag" });
  }
  if (!done.event) return undefined;
  const group = idOf(done.event.to.closest(".cm-group"));
  const isForeign = Boolean(target.all) || moved.some((id) => (selection.channels.get(id) ?? home) !== group);
  if (done.event.to !== done.from || isForeign) {
    const following = done.item.nextElementSibling;
    const at = following?.querySelector(".cm-row > .cm-number")?.textContent ?? "";
    putBack(done);
    const place = at && at !== "–" ? { at } : {};
    return openDialog(channelsUrl("move/"), { ...target, group, by: "drag", ...place });
  }
  if (isSortedOtherwise()) return putBack(done);
  const values = { group, channel: moved.join(","), ...placeOf(done.item, ".cm-channel") };
  if (!(await post("reorder/", values))) putBack(done);
  return undefined;
}

async function dropGroup(done) {
  if (!done.event) return;
  if (!(await post("groups/place/", { group: idOf(done.item), ...placeOf(done.item, ".cm-group") }))) putBack(done);
}

async function dropMember(done) {
  if (!done.event) return;
  const list = done.from;
  renumberPlaces(list);
  const order = [...list.querySelectorAll(":scope > .cm-stream")].map(idOf);
  if (!(await post(`${list.dataset.channel}/streams/reorder/`, { stream: order.join(",") }))) {
    putBack(done);
    renumberPlaces(list);
  }
}

async function dropSource({ target }) {
  if (!target) return undefined;
  const values = selection.streamValues();
  if (target.mode === "channel") return post(`${idOf(target.element)}/streams/add/`, values);
  if (target.mode === "group" && selection.streamCount() === 1) {
    return send("POST", channelsUrl("create-from-stream/"), { values: { stream: values.stream, group: target.group } });
  }
  return createChannels({ group: target.group ?? 0, ...(target.start ? { start: target.start } : {}) });
}

async function dropSourceGroup({ target, item }) {
  if (!target) return undefined;
  const chosen = [...selection.streamGroups.values()].map((whole) => whole.id);
  const groups = chosen.includes(idOf(item)) ? chosen : [idOf(item)];
  return openBulk({ stream_group: groups.join(","), ...(target.mode === "group" ? { group: target.group } : {}) });
}
