// Ticks of the queue: one box for the whole page, how many are ticked, and buttons that need at least one.
(function () {
  "use strict";

  function show() {
    const queue = document.getElementById("queue");
    if (!queue) return;
    const ticks = [...queue.querySelectorAll(".queue-tick")];
    const ticked = ticks.filter((tick) => tick.checked).length;
    const all = queue.querySelector("[data-tick-all]");
    if (all) {
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
  document.addEventListener("DOMContentLoaded", show);
})();
