// Dialogs about names: putting a name back, and figures that follow the ticks. Without this they work, too.
(function () {
  "use strict";
  if (window.ecmNames) return;
  window.ecmNames = true;

  // Back to the current name: such a row then changes nothing.
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".names [data-revert]");
    if (!button) return;
    const row = button.closest(".names-row");
    const field = row.querySelector("input[type=text]");
    field.value = button.dataset.revert;
    field.focus();
  });

  document.addEventListener("change", (event) => {
    if (event.target.name !== "tick" || !event.target.closest(".names")) return;
    const form = event.target.closest("form");
    const step = event.target.checked ? 1 : -1;
    add(form.querySelector("[data-names-chosen]"), step);
    add(form.querySelector("[data-names-going]"), step * Number(event.target.dataset.going ?? 0));
  });

  function add(figure, number) {
    if (!figure) return;
    const sum = Number(figure.textContent.replace(/\D/g, "")) + number;
    figure.textContent = sum.toLocaleString("en");
    const plural = figure.nextElementSibling;
    if (plural?.matches("[data-plural]")) plural.hidden = sum === 1;
  }
})();
