// Where things are on the page, and how the scripts talk to the server.

export const root = () => document.getElementById("channel-manager");
export const channelTree = () => document.getElementById("channel-tree");
export const streamTree = () => document.getElementById("stream-tree");
export const channelsUrl = (path = "") => root().dataset.channelsUrl + path;

export const idOf = (element) => Number(element.dataset.id);
export const treeOf = (element) => element.closest("[data-tree]")?.dataset.tree;
export const paneOf = (element) => element.closest("[data-pane]")?.dataset.pane;
export const groupOf = (element) => element.closest(".cm-group");
export const rowOf = (element) => element.closest(".cm-channel, .cm-source");
export const keyOf = (group) => `${group.dataset.account}-${group.dataset.id}`;
export const textOf = (element) => (element?.textContent ?? "").trim();
export const nameOf = (item) => textOf(item.querySelector(".cm-name, .cm-stream-name, .cm-group-name, .cm-account-name"));
export const shownCount = (group) => Number(group.querySelector(".cm-group-head").dataset.count ?? group.dataset.count ?? 0);

export function isTyping(element) {
  return Boolean(element?.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]"));
}

export function debounced(wait, work) {
  let timer;
  return (...values) => {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => work(...values), wait);
  };
}

export function counted(number, one) {
  return `${number.toLocaleString()} ${one}${number === 1 ? "" : "s"}`;
}

// Sends through htmx, so that messages, events and out-of-band parts of the answer are handled as everywhere. Every request
// has a source of its own: htmx lets requests of one element replace each other. Returns whether the server agreed.
export async function send(verb, path, { values = {}, target, swap = "none" } = {}) {
  const source = document.createElement("span");
  source.hidden = true;
  root().append(source);
  let agreed = false;
  source.addEventListener("htmx:afterRequest", (event) => (agreed = event.detail.xhr.status >= 200 && event.detail.xhr.status < 300));
  try {
    await window.htmx.ajax(verb, path, { source, event: new CustomEvent("manager"), values, target: target ?? source, swap });
  } catch (error) {
    agreed = false; // the connection failed; site.js has said so
  }
  source.remove();
  return agreed;
}

export const post = (path, values, options = {}) => send("POST", channelsUrl(path), { values, ...options });

// Dialogs for long selections are asked for by POST: thousands of ids do not fit into an address.
export function openDialog(path, values = {}) {
  const fits = new URLSearchParams(values).toString().length < 1500;
  return send(fits ? "GET" : "POST", path, { values, target: "#dialog-body", swap: "innerHTML" });
}

export async function fetchIds(path, query) {
  const answer = await fetch(`${channelsUrl(path)}?${query}`, { headers: { Accept: "application/json" } });
  if (!answer.ok) {
    window.ecm.toast("error", "The list could not be read. Try again.");
    return [];
  }
  const { ids, more } = await answer.json();
  if (more) {
    const text = `Only the first ${ids.length.toLocaleString()} are selected: more do not fit. Narrow the search, or tick the group without one.`;
    window.ecm.toast("warning", text);
  }
  return ids;
}

// The query string of a pane's filter form, as the server reads it.
export function filterQuery(pane) {
  const form = document.getElementById(pane === "streams" ? "stream-filter" : "channel-filter");
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value !== "" && name !== "find" && name !== "all") query.append(name, value);
  }
  if (!query.has("group")) query.delete("upto"); // says which groups were there when some were picked
  if (query.get("ssort") === "name") query.delete("ssort"); // the usual order needs no mention
  return query;
}
