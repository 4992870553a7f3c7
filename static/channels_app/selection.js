// What is ticked. Channels by id. Streams by id, or as whole groups with exceptions: the ids of a group with ten thousand
// streams never come to the browser. While a search or "hide mapped" is on, a ticked group means what it shows then.

import { channelTree, channelsUrl, counted, fetchIds, filterQuery, groupOf, idOf, keyOf, shownCount } from "./dom.js";

export const channels = new Map(); // channel id → group id
export const streams = new Map(); // stream id → group key
export const streamGroups = new Map(); // group key → {id, count, except: Set}
const anchors = { channels: null, streams: null };
let matching = null; // {query, count}: all channels of a filter; the server counts again before it acts on them
let remark = ""; // what the bar says beside the number, until the selection changes

const listOf = (item) => (item.classList.contains("cm-source") ? "streams" : "channels");

export function isPicked(item) {
  if (listOf(item) === "channels") return Boolean(matching) || channels.has(idOf(item));
  const whole = streamGroups.get(keyOf(groupOf(item)));
  return streams.has(idOf(item)) || Boolean(whole && !whole.except.has(idOf(item)));
}

function put(item, picked) {
  if (listOf(item) === "channels") {
    if (!picked) endMatching(); // what is left are the rows that were ticked one by one or by group
    if (picked) channels.set(idOf(item), idOf(groupOf(item)));
    else channels.delete(idOf(item));
    return;
  }
  const key = keyOf(groupOf(item));
  const whole = streamGroups.get(key);
  if (whole) {
    if (picked) whole.except.delete(idOf(item));
    else whole.except.add(idOf(item));
  } else if (picked) streams.set(idOf(item), key);
  else streams.delete(idOf(item));
}

// --- gestures -----------------------------------------------------------------------------------------------------
export function toggle(item) {
  remark = "";
  put(item, !isPicked(item));
  anchors[listOf(item)] = item.id;
  show();
}

export function only(item) {
  clear(listOf(item), { quiet: true });
  put(item, true);
  anchors[listOf(item)] = item.id;
  show();
}

export function range(item) {
  const list = listOf(item);
  const items = [...item.closest("[data-tree]").querySelectorAll(list === "channels" ? ".cm-channel" : ".cm-source")].filter(
    (element) => groupOf(element).classList.contains("is-open"),
  );
  const from = items.findIndex((element) => element.id === anchors[list]);
  const to = items.indexOf(item);
  if (from < 0) return only(item);
  remark = "";
  for (const element of items.slice(Math.min(from, to), Math.max(from, to) + 1)) put(element, true);
  show();
}

export async function toggleGroup(group) {
  const state = groupState(group);
  remark = "";
  if (group.closest("[data-tree]").dataset.tree === "channels") await toggleChannelGroup(group, state);
  else await toggleStreamGroup(group, state);
  show();
}

async function toggleChannelGroup(group, state) {
  const id = idOf(group);
  if (state === "all") {
    endMatching();
    for (const [channel, of] of channels) if (of === id) channels.delete(channel);
    return;
  }
  const query = filterQuery("channels");
  query.set("of", id);
  for (const channel of await fetchIds("ids/", query)) channels.set(channel, id);
}

async function toggleStreamGroup(group, state) {
  const key = keyOf(group);
  for (const [stream, of] of streams) if (of === key) streams.delete(stream);
  streamGroups.delete(key);
  if (state === "all") return;
  const query = filterQuery("streams");
  if (idOf(group) && !query.has("sq") && !query.has("unmapped")) {
    streamGroups.set(key, { id: idOf(group), count: Number(group.dataset.count), except: new Set() });
    return;
  }
  query.set("of", key);
  for (const stream of await fetchIds("streams/ids/", query)) streams.set(stream, key);
}

export async function pickAllShown(tree) {
  const open = [...tree.querySelectorAll(".cm-group.is-open")].filter((group) => shownCount(group));
  if (!open.length && tree === channelTree()) return pickMatching(); // all groups are closed: everything is meant
  if (!open.length) {
    window.ecm.toast("info", "Open a group first, or tick its box: Ctrl+A selects what is shown in open groups.");
    return;
  }
  const partly = open.filter((group) => groupState(group) !== "all");
  if (!partly.length && tree === channelTree() && !matching) return pickMatching(); // pressed again: the rest too
  for (const group of partly) await toggleGroup(group);
}

export function clear(list, { quiet = false } = {}) {
  if (list === "channels") {
    channels.clear();
    endMatching();
  } else {
    streams.clear();
    streamGroups.clear();
  }
  anchors[list] = null;
  if (!quiet) show();
}

export function forget(channelIds) {
  for (const id of channelIds) channels.delete(id);
}

// --- all that the filter matches ------------------------------------------------------------------------------------
export async function pickMatching() {
  const query = filterQuery("channels").toString();
  const count = await countMatching(query);
  if (!count) return;
  remark = "";
  matching = { query, count };
  show();
}

async function countMatching(query) {
  const answer = await fetch(`${channelsUrl("matching/")}?${query}`, { headers: { Accept: "application/json" } });
  if (answer.ok) return (await answer.json()).count;
  window.ecm.toast("error", "The channels could not be counted. Try again.");
  return 0;
}

function endMatching(words = "") {
  matching = null;
  remark = words;
}

// Another filter shows other channels: "all matching" would silently mean those. Ticked rows stay, and that is said.
export function filterChanged() {
  const query = filterQuery("channels").toString();
  if (matching && meant(matching.query) === meant(query)) {
    matching.query = query;
  } else if (matching) {
    channels.clear();
    endMatching();
    window.ecm.toast("info", "The filter changed, so “all matching” is no longer selected.");
  } else if (channels.size && meant(query) !== meant(lastQuery)) {
    remark = "also those the filter does not show";
  }
  lastQuery = query;
  show();
}

let lastQuery = null;

// What a filter leaves in; orders and columns change nothing about that.
function meant(query) {
  const left = new URLSearchParams(query);
  for (const name of ["sort", "off", "with"]) left.delete(name);
  return left.toString();
}

// After an edit the filter may match other channels than were confirmed.
export async function recountMatching() {
  const before = matching;
  if (!before) return;
  const count = await countMatching(before.query);
  if (matching !== before || count === before.count) return;
  channels.clear();
  endMatching();
  show();
  window.ecm.announce(`Selection cleared: the filter matches ${counted(count, "channel")} now`);
}

// --- numbers and what is sent ---------------------------------------------------------------------------------------
export function streamCount() {
  let count = streams.size;
  for (const whole of streamGroups.values()) count += whole.count - whole.except.size;
  return count;
}

export const streamGroupCount = () => streamGroups.size;
export const isGroupPicked = (group) => groupState(group) !== "none";
export const isMatching = () => Boolean(matching);

// What is made of a stream group: with the whole selection when it is part of it, else all its streams, whether they were
// loaded or match a search or not (10 §10.1).
export async function valuesOfStreamGroup(group) {
  if (isGroupPicked(group)) return streamValues();
  if (idOf(group)) return { stream_group: idOf(group), count: group.dataset.count };
  return { stream: (await fetchIds("streams/ids/", new URLSearchParams({ of: keyOf(group) }))).join(",") }; // ungrouped ones
}

export const channelCount = () => matching?.count ?? channels.size;

// The selection as every dialog takes it (channels_app/targets.py).
export function channelValues(ids = null) {
  const sort = filterQuery("channels").get("sort");
  const order = sort ? { target_sort: sort } : {};
  if (!ids && matching) return { all: 1, matching: matching.query, confirmed_count: matching.count, ...order };
  return { channel: (ids ?? [...channels.keys()]).join(","), ...order };
}

// What an action on a group is about: its ticked channels, or all that it shows when none is ticked (10 §5.3).
export async function valuesOfGroup(group) {
  const id = idOf(group);
  const ticked = matching ? [] : [...channels].filter(([, of]) => of === id).map(([channel]) => channel);
  if (ticked.length) return channelValues(ticked);
  const query = filterQuery("channels");
  query.set("of", id);
  return channelValues(await fetchIds("ids/", query));
}

export function streamValues() {
  const except = [...streamGroups.values()].flatMap((whole) => [...whole.except]);
  return {
    stream: [...streams.keys()].join(","),
    stream_group: [...streamGroups.values()].map((whole) => whole.id).join(","),
    except: except.join(","),
    count: streamCount(),
  };
}

// How many of each group are ticked one by one; counted once for all groups.
function pickedByGroup() {
  const counts = new Map();
  for (const of of [...channels.values(), ...streams.values()]) counts.set(of, (counts.get(of) ?? 0) + 1);
  return counts;
}

function groupState(group, picked = pickedByGroup()) {
  if (group.closest("[data-tree]").dataset.tree === "channels") {
    return matching ? (shownCount(group) ? "all" : "none") : stateFor(picked.get(idOf(group)) ?? 0, shownCount(group));
  }
  const whole = streamGroups.get(keyOf(group));
  if (whole) return stateFor(whole.count - whole.except.size, whole.count);
  return stateFor(picked.get(keyOf(group)) ?? 0, Number(group.dataset.count));
}

const stateFor = (picked, count) => (!picked ? "none" : picked >= count ? "all" : "some");

// --- on screen ------------------------------------------------------------------------------------------------------
export function show(within = document.getElementById("channel-manager")) {
  if (!within) return;
  lastQuery ??= filterQuery("channels").toString();
  const items = within.matches?.(".cm-channel, .cm-source") ? [within] : within.querySelectorAll(".cm-channel, .cm-source");
  for (const item of items) {
    const picked = isPicked(item);
    // A row that was moved since it was ticked belongs to another group now.
    if (picked && channels.has(idOf(item)) && listOf(item) === "channels") channels.set(idOf(item), idOf(groupOf(item)));
    if (picked === item.classList.contains("is-picked")) continue;
    item.classList.toggle("is-picked", picked);
  }
  for (const box of within.querySelectorAll(":is(.cm-channel, .cm-source) .cm-pick")) {
    box.checked = box.closest(".cm-channel, .cm-source").classList.contains("is-picked");
  }
  if (within.matches?.(".cm-source")) within.querySelector(".cm-pick").checked = within.classList.contains("is-picked");
  const picked = pickedByGroup();
  for (const group of document.querySelectorAll("#channel-manager .cm-group")) {
    const state = groupState(group, picked);
    const box = group.querySelector(".cm-group-head > .cm-pick");
    box.checked = state === "all";
    box.indeterminate = state === "some";
  }
  showBars();
}

function showBars() {
  showBar("channel-selection", channelCount(), "channel", matching ? " that match" : "");
  showOffer();
  showBar("stream-selection", streamCount(), "stream", streamGroups.size ? ` in ${counted(streamGroups.size, "whole group")}` : "");
}

// When every row in sight is ticked, the rest that the filter matches is one press away.
function showOffer() {
  const bar = document.getElementById("channel-selection");
  const offer = bar.querySelector("[data-act=select-matching]");
  const total = Number(document.getElementById("channel-chips").dataset.shown);
  const rows = [...channelTree().querySelectorAll(".cm-group.is-open .cm-channel")];
  const isWhole = channels.size > 0 && rows.every((row) => channels.has(idOf(row)));
  const hide = Boolean(matching) || !isWhole || total <= channels.size;
  if (hide && offer === document.activeElement) bar.querySelector(".cm-selection-acts button").focus();
  offer.hidden = hide;
  if (!offer.hidden) offer.querySelector("[data-total]").textContent = total.toLocaleString();
  const note = bar.querySelector("[data-remark]");
  note.textContent = matching ? "all that match" : remark;
  note.hidden = !note.textContent;
}

function showBar(id, count, what, where) {
  const bar = document.getElementById(id);
  if (bar.hidden !== !count) {
    bar.hidden = !count;
    if (!count) window.ecm.announce("Nothing is selected");
  }
  const place = bar.querySelector("[data-count]");
  const text = `${count.toLocaleString()} selected`;
  if (!count) place.textContent = "";
  if (!count || place.textContent === text) return;
  place.textContent = text;
  place.title = `${counted(count, what)}${where}`;
  window.ecm.announce(`${counted(count, what)}${where} selected`);
}
