// Edit mode: keeps the bar above the lists up to date, counts the time, undoes and redoes by keys, and tells the server with
// each request which draft the page shows, so that nothing is edited in a mode that ended in another tab.

import { isTyping } from "./dom.js";

const bar = () => document.getElementById("draft-bar");

document.addEventListener("htmx:configRequest", (event) => {
  if (bar()) event.detail.headers["X-Draft"] = bar().dataset.draft;
});

// --- the bar after an edit --------------------------------------------------------------------------------------------
let waiting = 0;
for (const name of ["lineup:changed", "draft:changed"]) {
  document.addEventListener(name, () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(refresh, 30); // several events of one answer ask once
  });
}

function refresh() {
  if (bar()) window.htmx.ajax("GET", bar().dataset.barUrl, { target: "#draft-bar", swap: "outerHTML" });
}

// --- a draft that is being applied --------------------------------------------------------------------------------------
// Its dialog was closed before the end: the bar says what goes on, asks for itself, and the lists follow when it is done.
document.addEventListener("close", (event) => {
  if (event.target.id === "dialog" && event.target.querySelector("[data-applying]")) refresh();
}, true);

let wasApplying = false;
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "draft-bar") wasApplying = event.detail.target.classList.contains("is-applying");
});
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id !== "draft-bar" || !wasApplying || event.detail.elt.classList.contains("is-applying")) return;
  wasApplying = false;
  window.htmx.trigger(document.body, "lineup:changed");
});

// --- elapsed time -----------------------------------------------------------------------------------------------------
let shownAt = Date.now();
document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.id === "draft-bar") shownAt = Date.now();
});

window.setInterval(() => {
  const place = bar()?.querySelector("[data-elapsed]");
  if (place && !document.hidden) place.textContent = words(Number(place.dataset.elapsed) + Math.floor((Date.now() - shownAt) / 1000));
}, 1000);

function words(seconds) {
  for (const [size, sign, unit, below] of [[86400, "d", 3600, "h"], [3600, "h", 60, "m"], [60, "m", 1, "s"]]) {
    if (seconds < size) continue;
    const rest = Math.floor((seconds % size) / unit);
    return `${Math.floor(seconds / size)}${sign}${rest ? ` ${rest}${below}` : ""}`;
  }
  return `${seconds}s`;
}

// --- keys -------------------------------------------------------------------------------------------------------------
// Heard before all others: outside edit mode the same key presses the undo button of a toast.
document.addEventListener("keydown", undoByKey, true);

function undoByKey(event) {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  const key = event.key.toLowerCase();
  const id = key === "z" ? (event.shiftKey ? "draft-redo" : "draft-undo") : key === "y" && !event.shiftKey ? "draft-redo" : "";
  const button = id && document.getElementById(id);
  if (!button) return;
  event.preventDefault();
  event.stopPropagation();
  if (!button.disabled) button.click();
}
