// Loaded in <head> without "defer". The server has written the colours into <html>; only "like this device" is decided
// here, before the first paint, so no page ever flashes. A choice in the menu or in the settings is shown at once.
(function () {
  "use strict";
  const root = document.documentElement;
  const deviceIsDark = window.matchMedia("(prefers-color-scheme: dark)");

  function show(name) {
    const shown = name === "system" ? (deviceIsDark.matches ? "dark" : "light") : name;
    root.dataset.ecmTheme = name;
    root.setAttribute("data-bs-theme", shown === "light" ? "light" : "dark");
    if (shown === "high-contrast") root.setAttribute("data-ecm-contrast", "high");
    else root.removeAttribute("data-ecm-contrast");
  }

  if (root.dataset.ecmTheme === "system") show("system");
  deviceIsDark.addEventListener("change", () => root.dataset.ecmTheme === "system" && show("system"));

  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    show(button.dataset.themeChoice);
    for (const other of document.querySelectorAll("[data-theme-choice]")) {
      other.setAttribute("aria-pressed", String(other === button));
      other.classList.toggle("active", other === button);
    }
  });

  // The settings page shows what saving will do, to everybody who has not chosen colours of his own.
  document.addEventListener("change", (event) => {
    const shown = event.target.dataset.themePreview ?? null;
    if (shown !== null) show(shown || event.target.value);
  });
})();
