// Whether an edit is on its way to the server: rows cannot be dragged meanwhile (10 §6), since the answer may move them.

import { channelsUrl, root } from "./dom.js";

const QUIET = ["preferences/", "streams/marks/", "matching/", "views/"]; // sent by the page itself; they move no rows
let underway = 0;

export const isSaving = () => underway > 0;

function isEdit({ elt, requestConfig }) {
  const path = requestConfig?.path ?? "";
  if (requestConfig?.verb !== "post" || !root() || !path.startsWith(channelsUrl())) return false;
  // A dialog asks for previews by POST; nothing of the lists changes before it is closed.
  return !elt.closest?.("dialog") && requestConfig.target?.id !== "dialog-body" && !QUIET.some((part) => path.startsWith(channelsUrl(part)));
}

function count(step) {
  underway = Math.max(0, underway + step);
  root()?.classList.toggle("is-saving", isSaving());
}

document.addEventListener("htmx:beforeSend", (event) => isEdit(event.detail) && count(1));
document.addEventListener("htmx:afterRequest", (event) => isEdit(event.detail) && count(-1));
