// The library of logos: ticks, previews of typed addresses, dropped files, pictures that do not load.
(function () {
  "use strict";

  const PREVIEW_MS = 500; // a pause in typing before the typed address is asked for (10 §16)
  let typing = null;

  const ticks = () => [...document.querySelectorAll("[data-logo-tick]:checked")];

  function settleTicks() {
    const none = ticks().length === 0;
    for (const button of document.querySelectorAll("[data-needs-ticks]")) button.disabled = none;
  }

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-logo-tick]")) settleTicks();
    if (event.target.matches("[data-logo-drop] input[type=file]")) tellFiles(event.target);
  });

  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-logo-open]");
    if (opener) {
      const ids = ticks().map((tick) => tick.value).join(",");
      if (ids) window.htmx.ajax("GET", `${opener.dataset.logoOpen}?logo=${ids}`, { target: "#dialog-body", swap: "innerHTML" });
      return;
    }
    const all = event.target.closest("[data-tick-all]");
    if (!all) return;
    for (const tick of all.closest("[data-tick-all-form]").querySelectorAll("input[type=checkbox]")) {
      tick.checked = all.dataset.tickAll === "1";
    }
  });

  // --- what is typed is shown after a pause ---------------------------------------------------------------------------
  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-logo-typed]")) return;
    window.clearTimeout(typing);
    typing = window.setTimeout(() => preview(event.target), PREVIEW_MS);
  });

  function preview(field) {
    const picture = field.closest("form")?.querySelector("[data-logo-typed-preview]");
    if (!picture) return;
    const usable = /^(https?:\/\/[^\s/]+|\/logos\/[0-9a-f]{40}\.)/i.test(field.value.trim());
    picture.hidden = !usable;
    picture.classList.remove("is-broken");
    if (usable) picture.src = field.value.trim();
  }

  // --- files dropped onto the dialog ----------------------------------------------------------------------------------
  for (const name of ["dragover", "dragleave", "drop"]) {
    document.addEventListener(name, (event) => {
      const place = event.target.closest?.("[data-logo-drop]");
      if (!place || !event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      place.classList.toggle("is-over", name === "dragover");
      if (name !== "drop") return;
      const field = place.querySelector("input[type=file]");
      field.files = event.dataTransfer.files;
      field.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }

  function tellFiles(field) {
    const words = field.closest("[data-logo-drop]").querySelector("[data-logo-chosen-files]");
    const names = [...field.files].map((file) => file.name);
    words.textContent = names.length > 3 ? `${names.length} files chosen` : names.join(", ") || "Drop pictures here, or choose files";
    window.ecm.announce(words.textContent);
  }

  // --- pictures that do not load --------------------------------------------------------------------------------------
  document.addEventListener(
    "error",
    (event) => {
      if (event.target.matches?.("img.logo-image, img.cd-guide-icon")) event.target.classList.add("is-broken");
    },
    true,
  );

  function settlePictures() {
    for (const picture of document.querySelectorAll("img.logo-image, img.cd-guide-icon")) {
      if (picture.complete && !picture.naturalWidth && picture.currentSrc) picture.classList.add("is-broken");
    }
  }

  document.addEventListener("htmx:afterSettle", () => {
    settleTicks();
    settlePictures();
  });
  document.addEventListener("DOMContentLoaded", settlePictures);
})();
