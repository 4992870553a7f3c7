// The form of a group's auto-sync: a logo that is clicked in the library goes into its field.
(function () {
  "use strict";

  const field = (part) => part.closest("form")?.querySelector("[data-sync-logo]");

  function mark(part) {
    const owner = part.closest("form");
    const chosen = field(part)?.value ?? "";
    for (const choice of owner?.querySelectorAll("[data-sync-choice]") ?? []) {
      choice.setAttribute("aria-pressed", String(choice.dataset.syncChoice === chosen));
    }
  }

  document.addEventListener("click", (event) => {
    const choice = event.target.closest("[data-sync-choice]");
    const target = choice && field(choice);
    if (!target) return;
    target.value = choice.dataset.syncChoice;
    mark(choice);
    target.dispatchEvent(new Event("change", { bubbles: true })); // the preview follows
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-sync-logo]")) mark(event.target);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.matches("[data-sync-logos]")) mark(event.target);
  });
})();
