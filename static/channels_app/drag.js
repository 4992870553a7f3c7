// Drag and drop, carried by SortableJS (10 §6). Lists become sortable when a handle is pressed and stop being it when it is
// let go: nothing is kept alive in between. What is dragged comes from the page's own state, never from the browser's
// transfer object.
//
// Inside a list SortableJS moves the row and "update" says that the order changed. Dropping *onto* something (a channel, a
// group's header) is not a list operation: drag_targets.js finds what is under the pointer, drag_drops.js does it.

import { channelTree, counted, groupOf, nameOf } from "./dom.js";
import { DROPS, putBack } from "./drag_drops.js";
import { hideEndZones, isLegal, isSame, mark, showEndZones, targetAt, unmark } from "./drag_targets.js";
import { hold, letGo } from "./holding.js";
import { mayEdit } from "./may_edit.js";
import { isWithSelection, pickedGroups, spansGroups } from "./keyboard_move.js";
import { isSaving } from "./saving.js";
import * as selection from "./selection.js";

const THRESHOLD = { channel: 8, group: 8, member: 5, source: 5, "source-group": 5 }; // px before a press is a drag
const LISTS = ["channel", "group", "member"]; // kinds that SortableJS puts somewhere by itself

// SortableJS swallows the click that browsers send after a drag. Not all drags end with one, and then the next real click
// would be lost: this one is given to it instead.
const SWALLOWED = 30; // ms, after the browser's own

let drag = null;
let lists = [];
let saving = false;

// --- beginning --------------------------------------------------------------------------------------------------------
document.addEventListener(
  "pointerdown",
  (event) => {
    const grip = event.target.closest?.("#channel-manager .cm-grip");
    if (!mayEdit || !grip || event.button || !window.Sortable) return;
    if (saving || isSaving()) {
      window.ecm.announce("Still saving. Drag again in a moment.");
      return;
    }
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
    onUpdate: (event) => drag && (drag.event = event),
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
    const onMove = (event) => !event.related.classList.contains("is-uncategorized");
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
  drag = { kind, item, from: item.parentElement, next, label: makeLabel(), target: null, text: "", x: -1, y: -1 };
  hold("drag");
  if (kind === "source" && !selection.isPicked(item)) selection.only(item);
  if (kind === "channel") {
    drag.spansGroups = isWithSelection(item) && spansGroups();
    showEndZones();
  }
  drag.text = textFor(kind, item);
  showLabel();
  document.documentElement.classList.add("cm-dragging");
  document.addEventListener("pointermove", follow, { passive: true });
  document.addEventListener("keydown", cancelByKey, true);
}

function textFor(kind, item) {
  if (kind === "channel") return isWithSelection(item) ? counted(selection.channelCount(), "channel") : nameOf(item);
  if (kind === "source" && selection.streamCount() > 1) return counted(selection.streamCount(), "stream");
  if (kind === "group") return pickedGroups(item).length > 1 ? counted(pickedGroups(item).length, "group") : nameOf(item);
  if (kind === "source-group" && selection.isGroupPicked(item)) {
    const groups = selection.streamGroupCount();
    return groups > 1 ? counted(groups, "group") : counted(selection.streamCount(), "stream");
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
  drag.x = event.clientX;
  drag.y = event.clientY;
  drag.atOnce = event.altKey;
  drag.label.style.transform = `translate(${event.clientX + 14}px, ${event.clientY + 10}px)`;
  const target = drag.cancelled ? null : targetAt(drag, event.clientX, event.clientY);
  if (isSame(target, drag.target)) return;
  unmark(drag.target);
  drag.target = target;
  mark(target);
  showLabel();
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
  unmark(done.target);
  if (done.target?.mode === "end") done.target.list = done.target.element.parentElement;
  const isIllegal = done.cancelled || (LISTS.includes(done.kind) && !isLegal(done));
  hideEndZones();
  done.label.remove();
  window.setTimeout(release, 0); // after SortableJS has finished with its own event
  window.setTimeout(() => document.documentElement.click(), SWALLOWED);
  if (isIllegal) {
    putBack(done);
    letGo("drag");
    return;
  }
  saving = true;
  done.item.classList.add("cm-saving");
  try {
    await DROPS[done.kind](done);
  } finally {
    saving = false;
    done.item.classList.remove("cm-saving");
    letGo("drag");
  }
}
