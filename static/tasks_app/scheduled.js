// Task cards: one panel a card, opened and closed by its buttons. What runs is kept fresh by the poller of the page.
(function () {
  "use strict";

  const toggles = (panel) => document.querySelectorAll(`[data-panel-toggle][aria-controls="${panel.id}"]`);

  function mark(panel) {
    const kind = panel.querySelector("[data-panel]")?.dataset.panel;
    for (const toggle of toggles(panel)) toggle.setAttribute("aria-expanded", String(toggle.dataset.panelToggle === kind));
  }

  function close(panel) {
    const kind = panel.querySelector("[data-panel]")?.dataset.panel;
    panel.replaceChildren();
    mark(panel);
    [...toggles(panel)].find((toggle) => toggle.dataset.panelToggle === kind)?.focus();
    const address = new URL(window.location.href);
    if (!address.searchParams.has("task")) return;
    address.searchParams.delete("task"); // a reload would open it again
    address.hash = "";
    window.history.replaceState(window.history.state, "", address);
  }

  // What was typed into an editor and not saved is not thrown away without asking.
  document.addEventListener("input", (event) => {
    const form = event.target.closest?.(".task-form");
    if (form) form.dataset.changed = "";
  });
  const mayLeave = (panel) =>
    !panel.querySelector(".task-form[data-changed]") || window.confirm("Close the editor without saving what you changed?");

  const isPlain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

  // Before htmx sees the click: a second press on the button closes what it opened; the other button opens its own instead.
  document.addEventListener(
    "click",
    (event) => {
      const closer = event.target.closest("[data-panel-close]");
      const toggle = event.target.closest("[data-panel-toggle]");
      if ((!closer && !toggle) || !isPlain(event)) return;
      const panel = closer ? closer.closest(".task-panel") : document.getElementById(toggle.getAttribute("aria-controls"));
      if (!panel) return;
      const closes = closer || toggle.getAttribute("aria-expanded") === "true";
      const stays = !mayLeave(panel);
      if (!closes && !stays) return;
      event.preventDefault();
      event.stopPropagation();
      if (!stays) close(panel);
    },
    true
  );

  document.addEventListener("htmx:afterSettle", (event) => {
    const target = event.detail.target;
    if (target?.classList?.contains("task-panel")) mark(target);
  });

  // "Load more" takes itself away: the keyboard goes on with the first row that came.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const more = event.detail.target;
    if (!more?.classList?.contains("history-more") || !more.contains(document.activeElement)) return;
    const last = more.previousElementSibling;
    document.addEventListener("htmx:afterSettle", () => last?.nextElementSibling?.querySelector("summary")?.focus(), { once: true });
  });

  document.addEventListener("DOMContentLoaded", () => {
    const opened = document.querySelector(".task-panel [data-panel]");
    if (opened) opened.closest(".task-card")?.scrollIntoView({ block: "start" });
  });
})();
