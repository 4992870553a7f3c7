// The form of a schedule and the lists of names: everything works without this, only in more steps.
(function () {
  "use strict";

  const forms = () => document.querySelectorAll("[data-schedule-form]");
  const typed = (field) => field.dispatchEvent(new Event("input", { bubbles: true }));

  // --- quick picks and presets: buttons that would send the form fill in the fields right here -----------------------
  document.addEventListener(
    "click",
    (event) => {
      const button = event.target.closest("[data-pick-days], [data-cron]");
      const form = button?.closest("[data-schedule-form]");
      if (!form) return;
      event.preventDefault();
      event.stopPropagation();
      if (button.dataset.cron) {
        form.elements.cron_expression.value = button.dataset.cron;
        typed(form.elements.cron_expression);
        return;
      }
      const days = button.dataset.pickDays.split(" ");
      const boxes = [...form.querySelectorAll('[name="days_of_week"]')];
      for (const box of boxes) box.checked = days.includes(box.value);
      typed(boxes[0]);
    },
    true
  );

  // --- the browser's own time zone, when nobody has chosen one --------------------------------------------------------
  function fillZone(form) {
    const field = form.querySelector("[data-fill-zone]");
    if (!field) return;
    field.removeAttribute("data-fill-zone");
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const known = [...(document.getElementById("schedule-zones")?.options || [])].some((option) => option.value === zone);
    if (!known || field.value === zone) return;
    field.value = zone;
    window.htmx?.trigger(form, "preview");
  }

  // --- lists of names -------------------------------------------------------------------------------------------------
  function count(list) {
    const boxes = [...list.querySelectorAll(".names-choice input")];
    const place = list.querySelector("[data-names-count]");
    if (place) place.textContent = `${boxes.filter((box) => box.checked).length} of ${boxes.length}`;
  }

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-names-tick]");
    const list = button?.closest("[data-names]");
    if (!list) return;
    const shown = [...list.querySelectorAll(".names-choice:not([hidden]) input")];
    for (const box of shown) box.checked = button.dataset.namesTick === "1";
    count(list);
    if (shown[0]) typed(shown[0]);
  });

  document.addEventListener("input", (event) => {
    const list = event.target.closest?.("[data-names]");
    if (!list) return;
    if (event.target.matches("[data-names-find]")) {
      event.stopPropagation();
      const wanted = event.target.value.trim().toLowerCase();
      for (const choice of list.querySelectorAll(".names-choice")) {
        choice.hidden = wanted !== "" && !choice.textContent.toLowerCase().includes(wanted);
      }
    } else count(list);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches?.("[data-names-find]")) event.preventDefault(); // finds, sends nothing
  });

  function prepare() {
    forms().forEach(fillZone);
    document.querySelectorAll("[data-names]").forEach(count);
  }
  document.addEventListener("DOMContentLoaded", prepare);
  document.addEventListener("htmx:afterSettle", prepare);
})();
