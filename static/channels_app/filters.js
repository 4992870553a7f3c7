// The filters of both panes: chips, badges, pickers; what they say is in the address and is remembered.

import { filterQuery } from "./dom.js";
import { remember } from "./preferences.js";
import { addressQuery, markChanges } from "./saved_views.js";
import { filterChanged } from "./selection.js";

const formOf = (pane) => document.getElementById(pane === "streams" ? "stream-filter" : "channel-filter");
const optionsOf = (pane) => document.getElementById(pane === "streams" ? "stream-filter-options" : "channel-filter-options");
const changed = (pane) => optionsOf(pane).dispatchEvent(new Event("change", { bubbles: true }));
const paneOfElement = (element) => element.closest("[data-pane]").dataset.pane;

export function toggleFilter(button) {
  const box = formOf("channels").querySelector(`[name="${button.dataset.filter}"]`);
  box.checked = !box.checked;
  changed("channels");
}

export function dropFilter(chip) {
  const { filter, value } = chip.dataset;
  const pane = paneOfElement(chip);
  uncheck(formOf(pane), value ? `[name="${filter}"][value="${value}"]` : `[name="${filter}"]`);
  changed(pane);
}

export function clearFilters(pane) {
  const form = formOf(pane);
  uncheck(form, "[type=checkbox]:not([name=off]), .cm-options [type=hidden]:not([name=upto])");
  for (const field of form.querySelectorAll("[type=search]")) field.value = "";
  form.requestSubmit();
}

// Narrow a pane to one value of a filter whose boxes may not have been loaded yet.
export function applyFilter(pane, name, value) {
  const form = formOf(pane);
  uncheck(form, `[name="${name}"]`);
  const box = form.querySelector(`[name="${name}"][value="${value}"]`);
  if (box) box.checked = true;
  else {
    const input = document.createElement("input");
    Object.assign(input, { type: "hidden", name, value });
    (name === "on" ? form.querySelector("[data-filter-extra]") : [...form.querySelectorAll(".cm-drop .cm-options")].at(-1)).append(input);
  }
  changed(pane);
}

export function pickOptions(button, all) {
  const panel = button.closest(".cm-drop-panel");
  for (const box of panel.querySelectorAll(".cm-options [type=checkbox]")) box.checked = all;
  if (!all) panel.querySelectorAll(".cm-options [type=hidden]:not([name=upto])").forEach((input) => input.remove());
  changed(paneOfElement(button));
}

function uncheck(form, selector) {
  for (const input of form.querySelectorAll(selector)) {
    if (input.type === "hidden" && !("otherPane" in input.dataset)) input.remove();
    else if (input.matches("select")) input.value = "";
    else input.checked = false;
  }
}

// What the other pane shows is sent along only where there are no scripts.
export function settleForms() {
  for (const input of document.querySelectorAll("[data-other-pane]")) input.disabled = true;
}

// Looking for an option is not a change of the filter.
document.addEventListener(
  "change",
  (event) => {
    if (event.target.name === "find" && event.target.closest(".cm-drop-panel")) event.stopImmediatePropagation();
  },
  true,
);
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && event.target.name === "find" && event.target.closest(".cm-drop-panel")) event.preventDefault();
});

// A click beside an open panel closes it.
document.addEventListener("pointerdown", (event) => {
  for (const drop of document.querySelectorAll(".cm-drop[open]")) {
    if (!drop.contains(event.target)) drop.open = false;
  }
});

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.matches?.("#channel-filter, #stream-filter")) event.detail.parameters.delete?.("find");
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!event.detail.successful || !event.detail.elt.matches?.("#channel-filter, #stream-filter")) return;
  const query = addressQuery().toString();
  window.history.replaceState(null, "", query ? `?${query}` : window.location.pathname);
  remember({ filters: query });
  if (event.detail.elt.id === "channel-filter") {
    filterChanged();
    markChanges();
  }
  for (const summary of document.querySelectorAll(".cm-drop > summary")) {
    summary.classList.toggle("cm-is-on", Boolean(summary.querySelector(".cm-drop-count")?.textContent));
  }
});
