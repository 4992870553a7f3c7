// Filter forms: empty fields stay out of the address; a field group shows only while its choice is made.
(function () {
  "use strict";

  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.target.closest?.("[data-drop-empty]");
    if (!form) return;
    const { parameters } = event.detail;
    for (const name of [...parameters.keys()]) if (parameters.get(name) === "") parameters.delete(name);
  });

  function showChosen(select) {
    const part = document.querySelector(select.dataset.showsTarget);
    const chosen = select.value === select.dataset.shows;
    part.hidden = !chosen;
    part.querySelectorAll("input, select").forEach((field) => (field.disabled = !chosen));
  }

  document.addEventListener(
    "change",
    (event) => {
      if (event.target.matches("[data-shows]")) showChosen(event.target);
    },
    true // before htmx gathers the fields
  );
  document.addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-shows]").forEach(showChosen));
})();
