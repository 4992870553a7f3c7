// Loaded in <head> without "defer": the colours are chosen before the first paint, so no page ever flashes.
(function () {
  "use strict";
  const KEY = "ecm-theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");

  function stored() {
    try {
      const choice = window.localStorage.getItem(KEY);
      return choice === "dark" || choice === "light" ? choice : "system";
    } catch (error) {
      return "system"; // storage is blocked: follow the device
    }
  }

  function apply(choice) {
    const shown = choice === "system" ? (dark.matches ? "dark" : "light") : choice;
    document.documentElement.setAttribute("data-bs-theme", shown);
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      const active = button.dataset.themeChoice === choice;
      button.setAttribute("aria-pressed", String(active));
      button.classList.toggle("active", active);
    }
  }

  apply(stored());
  document.addEventListener("DOMContentLoaded", () => apply(stored()));
  dark.addEventListener("change", () => apply(stored()));
  window.addEventListener("storage", (event) => event.key === KEY && apply(stored()));
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try {
      window.localStorage.setItem(KEY, button.dataset.themeChoice);
    } catch (error) {
      console.warn("The choice of colours cannot be kept in this browser.", error);
    }
    apply(button.dataset.themeChoice);
  });
})();
