// What a drop would be aimed at, beside what SortableJS does inside its lists: found under the pointer (10 §6).

import { channelTree, groupOf, idOf, nameOf } from "./dom.js";
import * as selection from "./selection.js";

const GAP = 7; // px at the top of a row that mean "before this row"
const BETWEEN = 8; // px at the edges of a group that mean "between the groups"

export function targetAt(drag, x, y) {
  const under = document.elementFromPoint(x, y);
  if (!under || !channelTree().contains(under)) return null;
  const group = under.closest(".cm-group");
  if (drag.kind === "channel") return channelTarget(drag, under, group);
  if (drag.kind === "source") return sourceTarget(under, group, y);
  if (drag.kind === "source-group") return sourceGroupTarget(under, group, y);
  return null;
}

// A drop outside of what could take it does nothing, wherever the row was shown on the way there.
export function isLegal(drag) {
  const under = document.elementFromPoint(drag.x, drag.y);
  if (!under) return false;
  if (drag.kind === "member") return drag.from.contains(under);
  if (drag.kind === "group") {
    const group = under.closest(".cm-group");
    return channelTree().contains(under) && !group?.classList.contains("is-uncategorized");
  }
  return channelTree().contains(under);
}

function channelTarget(drag, under, group) {
  const zone = under.closest(".cm-end-zone");
  if (zone) {
    const home = group === groupOf(drag.item) && !drag.spansGroups;
    return { mode: "end", element: zone, group: idOf(group), home, text: home ? "To the end" : `To the end of ${nameOf(group)}` };
  }
  const head = under.closest(".cm-group-head");
  if (!head || (group === groupOf(drag.item) && !drag.spansGroups)) return null;
  return { mode: "group", element: head, group: idOf(group), text: `Move to ${nameOf(group)}` };
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
  const what = selection.streamCount() > 1 ? "New channels" : "New channel";
  return { mode: "group", element: group.querySelector(".cm-group-head"), group: idOf(group), text: `${what} in ${nameOf(group)}` };
}

// Whole groups become groups of their own: anywhere in the pane, or between two groups with numbers that fit there.
function sourceGroupTarget(under, group, y) {
  const pane = { mode: "pane", element: channelTree(), text: "New channels" };
  if (!group) return pane;
  const box = group.getBoundingClientRect();
  if (y - box.top < BETWEEN) return between(group.previousElementSibling);
  if (box.bottom - y < BETWEEN) return between(group);
  const head = under.closest(".cm-group-head");
  return head ? { mode: "group", element: head, group: idOf(group), text: `New channels in ${nameOf(group)}` } : pane;
}

function between(group) {
  if (!group?.matches(".cm-group")) {
    const first = channelTree().querySelector(".cm-group");
    return { mode: "between", element: first, edge: "is-drop-above", behind: "first", text: "New channels from 1" };
  }
  return { mode: "between", element: group, edge: "is-drop-below", behind: idOf(group), text: `New channels behind ${nameOf(group)}` };
}

const LOOKS = { before: "is-insert-before" };

export function mark(target) {
  target?.element.classList.add(target.edge ?? LOOKS[target.mode] ?? "is-drop-target");
}

export function unmark(target) {
  target?.element.classList.remove("is-drop-target", "is-insert-before", "is-drop-above", "is-drop-below");
}

export const isSame = (one, other) => one?.element === other?.element && one?.mode === other?.mode && one?.edge === other?.edge;

// --- the zone at the end of each open group -----------------------------------------------------------------------------
export function showEndZones() {
  for (const list of channelTree().querySelectorAll(".cm-group.is-open > .cm-rows")) {
    const zone = document.createElement("li");
    zone.className = "cm-end-zone";
    zone.ariaHidden = "true";
    list.append(zone);
  }
}

export function hideEndZones() {
  for (const zone of channelTree().querySelectorAll(".cm-end-zone")) zone.remove();
}
