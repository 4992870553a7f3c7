// The divider between the panes (20–80 %), and the switch between them on small screens.

import { remember } from "./preferences.js";
import { root } from "./dom.js";

const NARROWEST = 20;
const WIDEST = 80;
const STEP = 2;

function setWidth(percent) {
  const width = Math.min(WIDEST, Math.max(NARROWEST, percent));
  root().style.setProperty("--cm-left", `${width}%`);
  document.getElementById("pane-divider").setAttribute("aria-valuenow", String(Math.round(width)));
  return width;
}

const widthNow = () => parseFloat(root().style.getPropertyValue("--cm-left")) || 50;
const keep = (width) => remember({ pane: width.toFixed(2) });

document.addEventListener("pointerdown", (event) => {
  if (event.target.id !== "pane-divider" || event.button) return;
  const divider = event.target;
  divider.setPointerCapture(event.pointerId);
  divider.classList.add("is-dragging");
  const box = root().getBoundingClientRect();
  const follow = (move) => setWidth(((move.clientX - box.left) / box.width) * 100);
  const release = () => {
    divider.removeEventListener("pointermove", follow);
    divider.classList.remove("is-dragging");
    keep(widthNow());
  };
  divider.addEventListener("pointermove", follow);
  divider.addEventListener("lostpointercapture", release, { once: true });
  event.preventDefault();
  divider.focus();
});

document.addEventListener("keydown", (event) => {
  if (event.target.id !== "pane-divider") return;
  const now = widthNow();
  const to = { ArrowLeft: now - STEP, ArrowRight: now + STEP, Home: NARROWEST, End: WIDEST, Enter: 50 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  keep(setWidth(to));
});

document.addEventListener("dblclick", (event) => {
  if (event.target.id === "pane-divider") keep(setWidth(50));
});

export function showPane(pane) {
  root().dataset.shown = pane;
  for (const button of document.querySelectorAll("[data-show-pane]")) {
    const active = button.dataset.showPane === pane;
    button.classList.toggle("active", active);
    button.setAttribute("aria-pressed", String(active));
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-show-pane]");
  if (button) showPane(button.dataset.showPane);
});
