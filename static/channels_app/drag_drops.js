// What a drop does (10 §6). Whatever asks first puts the row back: until somebody agrees, nothing has moved.

import { createChannels, openBulk } from "./actions.js";
import { channelTree, channelsUrl, idOf, openDialog, post, shownCount } from "./dom.js";
import { isSortedOtherwise, isWithSelection, movedWith, pickedGroups, placeOf, renumberPlaces } from "./keyboard_move.js";
import * as selection from "./selection.js";

export function putBack({ item, from, next }) {
  if (next?.parentElement === from) next.before(item);
  else from.append(item);
}

const askWhere = (values) => openDialog(channelsUrl("move/"), { by: "drag", ...values });

async function dropChannel(done) {
  const moved = movedWith(done.item);
  const target = isWithSelection(done.item) ? selection.channelValues() : { channel: idOf(done.item) };
  if (done.target?.mode === "group") {
    putBack(done);
    return askWhere({ ...target, group: done.target.group });
  }
  const atEnd = done.target?.mode === "end";
  const list = atEnd ? done.target.list : done.event?.to;
  if (!list || (atEnd && list === done.from && isLast(done))) return undefined;
  const group = idOf(list.closest(".cm-group"));
  const place = atEnd ? {} : placeOf(done.item, ".cm-channel");
  if (list !== done.from || isForeign(target, moved, group, done)) {
    const at = atEnd ? "" : numberOf(done.item.nextElementSibling);
    putBack(done);
    const behind = place.after ? { behind: place.after } : {};
    return askWhere({ ...target, group, ...(at && at !== "–" ? { at, at_group: group } : behind) });
  }
  if (isSortedOtherwise()) return putBack(done);
  if (!(await post("reorder/", { group, ...target, ...place }))) putBack(done);
  return undefined;
}

// Dropped where it was: alone, and nothing behind it.
const isLast = ({ item, event, next }) => !event && !next && !isWithSelection(item);

const numberOf = (row) => row?.querySelector(".cm-row > .cm-number")?.textContent ?? "";

// A selection that spans several groups is moved into the one it is dropped in; members already there are left out.
function isForeign(target, moved, group, done) {
  if (!target.all) return moved.some((id) => (selection.channels.get(id) ?? idOf(done.from.closest(".cm-group"))) !== group);
  const shown = [...channelTree().querySelectorAll(".cm-group")].filter((each) => shownCount(each));
  return shown.length !== 1 || idOf(shown[0]) !== group;
}

async function dropGroup(done) {
  if (!done.event) return undefined;
  const groups = pickedGroups(done.item);
  let next = done.item.nextElementSibling;
  while (next?.matches(".cm-group") && groups.includes(idOf(next))) next = next.nextElementSibling;
  const place = next?.matches(".cm-group") ? { before: idOf(next) } : next ? { after: idOf(done.item.previousElementSibling) } : { before: "last" };
  putBack(done);
  return openDialog(channelsUrl("groups/reorder/"), { group: groups.join(","), ...place });
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

// With Alt, one stream becomes a channel of the group without being asked how; a number that is taken asks all the same.
async function dropSource({ target, atOnce }) {
  if (!target) return undefined;
  if (atOnce && target.mode === "group" && selection.streamCount() === 1) {
    return post("create-from-stream/", { stream: selection.streamValues().stream, group: target.group });
  }
  if (target.mode === "channel") return post(`${idOf(target.element)}/streams/add/`, selection.streamValues());
  return createChannels({ group: target.group ?? 0, ...(target.start ? { start: target.start } : {}) });
}

async function dropSourceGroup({ target, item }) {
  if (!target) return undefined;
  const values = await selection.valuesOfStreamGroup(item);
  if (target.mode === "group") return openBulk({ ...values, group: target.group });
  return openBulk(target.mode === "between" ? { ...values, behind: target.behind } : values);
}

export const DROPS = {
  channel: dropChannel,
  group: dropGroup,
  member: dropMember,
  source: dropSource,
  "source-group": dropSourceGroup,
};
