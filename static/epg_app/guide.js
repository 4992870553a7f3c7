// The guide pages work without this. It adds: rows of the order dialog move at once (buttons, arrow keys, dragging) and are
// saved by one POST; addresses can be copied; a chosen file clears the path;
// logos that do not load go away.
(function () {
  "use strict";

  const list = () => document.querySelector("[data-guide-order]");

  // --- order ----------------------------------------------------------------------------------------------------------
  function settle() {
    const rows = [...list().children];
    rows.forEach((row, place) => {
      row.querySelector("[data-step='-1']").disabled = place === 0;
      row.querySelector("[data-step='1']").disabled = place === rows.length - 1;
    });
  }

  function tell(row) {
    const rows = [...list().children];
    window.ecm?.announce?.(`${row.dataset.name}: ${rows.indexOf(row) + 1} of ${rows.length}`);
  }

  function move(row, step) {
    const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(row);
    else other.after(row);
    settle();
    tell(row);
  }

  function focusOn(row, step) {
    const wanted = row.querySelector(`[data-step='${step}']`);
    (wanted.disabled ? row.querySelector("[data-step]:not(:disabled)") : wanted)?.focus();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-guide-order] [data-step]");
    if (!button) return;
    event.preventDefault(); // the plain form would ask the server to move the row
    const row = button.closest("li");
    move(row, Number(button.dataset.step));
    focusOn(row, Number(button.dataset.step));
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const button = event.target.closest?.("[data-guide-order] [data-step]");
    if (!step || !button) return;
    event.preventDefault();
    const row = button.closest("li");
    move(row, step);
    focusOn(row, step);
  });

  function makeSortable() {
    const rows = list();
    if (!rows || !window.Sortable || rows.classList.contains("guide-can-drag")) return;
    rows.classList.add("guide-can-drag");
    window.Sortable.create(rows, { handle: "[data-grip]", animation: 120, onEnd: (event) => (settle(), tell(event.item)) });
  }

  // --- copying: site.js does it, so without scripts there is nothing to press -----------------------------------------
  function offerCopying() {
    document.querySelectorAll("[data-copy][hidden]").forEach((button) => (button.hidden = false));
  }

  // --- the form -------------------------------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const form = event.target.closest?.("[data-source-form]");
    if (!form || event.target.name !== "guide_file" || !event.target.files.length) return;
    if (form.elements.file_path) form.elements.file_path.value = "";
  });

  // --- logos that do not load -----------------------------------------------------------------------------------------
  document.addEventListener("error", (event) => event.target.matches?.("[data-guide-logo]") && event.target.remove(), true);
  const dropBroken = () =>
    document.querySelectorAll("[data-guide-logo]").forEach((logo) => logo.complete && !logo.naturalWidth && logo.remove());

  function dress() {
    makeSortable();
    offerCopying();
  }
  document.addEventListener("htmx:afterSwap", dress);
  document.addEventListener("DOMContentLoaded", () => (dress(), dropBroken()));
})();
