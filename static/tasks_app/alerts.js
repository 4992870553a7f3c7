// Notification settings: what is chosen in a source filter shows only when it matters; pasted recipients are tidied at once.
(() => {
  const shows = (part) => {
    const names = part.querySelector("[data-filter-names]");
    names.hidden = part.querySelector("[data-filter-mode]").value === "all";
  };
  const prepare = (root) => root.querySelectorAll("[data-filter-part]").forEach(shows);

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-filter-mode]")) shows(event.target.closest("[data-filter-part]"));
  });
  document.addEventListener("htmx:afterSettle", (event) => prepare(event.target));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => prepare(document));
  else prepare(document);

  // Semicolons and line breaks of a pasted list become commas.
  document.addEventListener("paste", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-recipients]")) return;
    const text = event.clipboardData?.getData("text") ?? "";
    if (!/[;\r\n]/.test(text)) return;
    event.preventDefault();
    const tidy = text.split(/[;,\r\n]+/).map((part) => part.trim()).filter(Boolean).join(", ");
    field.setRangeText(tidy, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
})();
