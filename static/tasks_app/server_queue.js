// Ticks of the queue: one box for the whole page, how many are ticked, and buttons that need at least one. On the page
// Server, as here: where the keyboard goes on after an answer.
(function () {
  "use strict";

  function show() {
    const queue = document.getElementById("queue");
    if (!queue) return;
    const ticks = [...queue.querySelectorAll(".queue-tick")];
    const ticked = ticks.filter((tick) => tick.checked).length;
    const all = queue.querySelector("[data-tick-all]");
    if (all) {
      all.closest("[data-tick-all-label]").hidden = false; // without a script it could not do anything
      all.checked = ticked > 0 && ticked === ticks.length;
      all.indeterminate = ticked > 0 && ticked < ticks.length;
    }
    const count = queue.querySelector("[data-ticked-count]");
    if (count) {
      count.hidden = !ticked;
      count.textContent = `${ticked} ticked`;
      queue.querySelector("[data-ticked-none]").hidden = ticked > 0;
    }
    for (const button of queue.querySelectorAll("[data-needs-ticks]")) button.disabled = !ticked;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-tick-all]")) {
      for (const tick of document.querySelectorAll("#queue .queue-tick")) tick.checked = event.target.checked;
    }
    if (event.target.matches("[data-tick-all], .queue-tick")) show();
  });
  // The list refreshes itself: what is ticked stays ticked.
  let kept = [];
  let answered = false;
  document.addEventListener("mirror:changed", () => { answered = true; });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "queue") return;
    kept = [...document.querySelectorAll("#queue .queue-tick:checked")].map((tick) => tick.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const id of kept) {
      const tick = document.getElementById(id);
      if (tick) tick.checked = true;
    }
    kept = [];
    show();
  });
  // What was answered takes the link along that opened its dialog: the keyboard goes on at the list, or at the next question.
  const FIRST = { queue: ["#queue .queue-title > a", "#queue a"], server: ["#server .server-question a", "#sync-now"] };
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!(event.target.id in FIRST)) return;
    const first = FIRST[event.target.id].map((selector) => document.querySelector(selector)).find(Boolean);
    if (first && answered && document.activeElement === document.body) first.focus({ preventScroll: true });
    answered = false;
  });
  document.addEventListener("DOMContentLoaded", show);
})();
