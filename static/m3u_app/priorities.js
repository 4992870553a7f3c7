// Priorities of accounts: Alt with an arrow moves the account of the box, as its buttons do.
(function () {
  "use strict";

  const STEPS = { ArrowUp: "up", ArrowDown: "down" };

  document.addEventListener("keydown", (event) => {
    const step = STEPS[event.key];
    if (!step || !event.altKey || event.ctrlKey || event.metaKey || !event.target.matches("[data-priorities] .mp-number")) return;
    event.preventDefault();
    event.target.closest("li").querySelector(`button[name=${step}]:not(:disabled)`)?.click();
  });
})();
