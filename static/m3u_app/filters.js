// The order of filters: dragged by the grip, or moved with the arrow keys and the buttons of a row. Each change is saved at
// once; the list that comes back keeps the cursor where it was. Without this script the buttons do the same.
(function () {
  "use strict";

  const list = () => document.querySelector("[data-filter-order] > ol");
  const order = () => [...list().children].map((row) => row.dataset.filter).join();
  let saved = "";

  function save() {
    if (order() === saved) return;
    saved = order();
    list().closest("form").requestSubmit();
  }

  function move(row, step) {
    const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    if (step < 0) other.before(row);
    else other.after(row);
    save();
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-filter-order] [data-step]");
    if (!button) return;
    event.preventDefault(); // the plain form would ask the server to move the row
    move(button.closest("li"), Number(button.dataset.step));
    button.focus();
  });

  document.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    const button = event.target.closest?.("[data-filter-order] [data-step]");
    if (!step || !button) return;
    event.preventDefault();
    move(button.closest("li"), step);
    button.focus();
  });

  function dress() {
    const rows = list();
    if (!rows) return;
    if (!rows.dataset.dressed) saved = order();
    if (!rows.dataset.dressed && window.Sortable) {
      window.Sortable.create(rows, { handle: "[data-grip]", animation: 120, onEnd: save });
    }
    rows.dataset.dressed = "1";
  }
  document.addEventListener("htmx:afterSwap", dress);
  document.addEventListener("DOMContentLoaded", dress);
})();
