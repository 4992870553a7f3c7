// The channel manager: starts its parts. Everything hangs on the document, so parts that htmx swaps in need no set-up.

import "./actions.js";
import "./drafts.js";
import "./drag.js";
import "./panes.js";
import "./preview.js";
import "./refresh.js";
import { pickForMenu } from "./actions.js";
import { groupOf, rowOf } from "./dom.js";
import { settleForms } from "./filters.js";
import { edit } from "./inline_edit.js";
import { settleTabStops } from "./keyboard.js";
import { mayEdit } from "./may_edit.js";
import { closeMenu, isMenuOf, menuFor, openMenu } from "./menu.js";
import * as selection from "./selection.js";
import { settleNowAiring } from "./now_airing.js";
import { keepOpenGroups, toggle } from "./tree.js";

// --- clicks in the lists ----------------------------------------------------------------------------------------------
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#channel-manager [data-tree]")) return;
  const dots = event.target.closest(".cm-dots");
  if (dots) {
    event.preventDefault();
    showMenu(dots, dots);
    return;
  }
  const twist = event.target.closest(".cm-twist");
  if (twist) {
    event.preventDefault();
    toggle(twist.closest(".cm-channel") ?? twist.closest(".cm-group") ?? twist.closest(".cm-account"));
    return;
  }
  if (event.target.matches(".cm-pick")) return;
  const item = rowOf(event.target);
  if (!item || event.target.closest(".cm-inline, .cm-streams, button, .cm-hint a")) return;
  if (event.target.closest("a")) event.preventDefault();
  if (!mayEdit) return; // nothing could be done with what is selected
  if (event.shiftKey) selection.range(item);
  else if (event.ctrlKey || event.metaKey) selection.toggle(item);
  else if (item.classList.contains("cm-channel")) selection.only(item);
});

// Buttons that belong to a whole pane: its three dots, the selection's.
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("#channel-manager [data-menu]");
  if (!button) return;
  event.preventDefault();
  if (isMenuOf(button)) closeMenu({ refocus: true });
  else openMenu(button.dataset.menu, button.closest("[data-pane]"), button);
});

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("#channel-manager .cm-pick")) return;
  const item = rowOf(event.target);
  if (item) selection.toggle(item);
  else selection.toggleGroup(groupOf(event.target));
});

// Shift with a checkbox ticks the range too; the click event knows about the key, the change event does not.
document.addEventListener(
  "click",
  (event) => {
    if (!event.shiftKey || !event.target.matches?.("#channel-manager .cm-pick") || !rowOf(event.target)) return;
    event.preventDefault();
    window.setTimeout(() => selection.range(rowOf(event.target)), 0);
  },
  true,
);

document.addEventListener("dblclick", (event) => {
  const item = mayEdit && event.target.closest?.("#channel-tree .cm-channel");
  if (!item || !event.target.closest(".cm-row") || event.target.closest("button, input, .cm-twist, .cm-dots")) return;
  edit(item, event.target.closest(".cm-number") ? "number" : "name");
});

document.addEventListener("contextmenu", (event) => {
  if (!event.target.closest?.("#channel-manager [data-tree]") || event.target.closest("input[type=text], .cm-streams")) return;
  if (!menuFor(event.target)) return;
  event.preventDefault();
  const item = rowOf(event.target);
  // A row beside the selection becomes the selection (10 §5.3).
  if (item?.matches(".cm-channel") && selection.channelCount() && !selection.isPicked(item)) selection.only(item);
  showMenu(event.target, { x: event.clientX, y: event.clientY });
});

function showMenu(element, at) {
  const found = menuFor(element);
  if (!found) return;
  pickForMenu(found.kind, found.subject);
  openMenu(found.kind, found.subject, at);
}

// Names that do not fit are shown whole when somebody points at them.
document.addEventListener("mouseover", (event) => {
  const text = event.target.closest?.(".cm-name, .cm-stream-name, .cm-group-name, .cm-account-name, .cm-url, .cm-provider");
  if (text && !text.title && text.scrollWidth > text.clientWidth) text.title = text.textContent.trim();
});

// --- what arrives --------------------------------------------------------------------------------------------------------
document.addEventListener("error", (event) => {
  if (event.target.matches?.("img.cm-logo")) event.target.classList.add("is-broken");
}, true);

function settle(within) {
  // Logos of the first page may have failed before this script was there to hear of it.
  for (const logo of within.querySelectorAll("img.cm-logo")) {
    if (logo.complete && !logo.naturalWidth && logo.currentSrc) logo.classList.add("is-broken");
  }
  settleTabStops(within);
  settleNowAiring();
  selection.show(within);
}

document.addEventListener("htmx:load", (event) => {
  if (event.detail.elt.closest?.("#channel-manager")) settle(event.detail.elt);
});

// Creating channels ends the selection they were made of.
document.addEventListener("lineup:changed", (event) => {
  if (event.detail.deleted?.length) selection.show();
  if (event.detail.streams?.length || event.detail.created) selection.clear("streams");
  selection.recountMatching();
});

settleForms();
keepOpenGroups();
settle(document.getElementById("channel-manager"));

// An address that ends in #c12 or #g3 means that row: Ctrl-K leads there. The browser scrolls to it when all is loaded, and
// takes the focus away with that.
window.addEventListener("load", () => {
  const meant = /^#[cg]\d+$/.test(window.location.hash) ? document.querySelector(`#channel-tree ${window.location.hash}`) : null;
  meant?.querySelector(meant.matches(".cm-channel") ? ".cm-name" : ".cm-twist")?.focus();
});
