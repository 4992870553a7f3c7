// The bulk creation dialog: what htmx does not do. Everything hangs on the document, so the dialog may come and go, and
// loading this file again with it changes nothing.
(function () {
  "use strict";
  if (window.ecmBulkCreate) return;
  window.ecmBulkCreate = true;

  // <button data-fill="field id" data-fill-value="813">: put a suggestion into a field
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#bulk-create [data-fill]");
    if (!button) return;
    const field = document.getElementById(button.dataset.fill);
    field.value = button.dataset.fillValue;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });

  // A preview that is still on its way would come too late for the form that the answer to "Create" puts in its place.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "bulk-create") window.htmx.trigger(".bulk-body", "htmx:abort");
  });

  // Many channels are made in the background; the lineup is read again when they are there.
  document.addEventListener("run:finished", (event) => {
    if (event.detail.task !== "bulk_create") return;
    document.dispatchEvent(new CustomEvent("lineup:changed", { detail: { created: true } }));
  });

  // An error belongs to what was typed then. Left in place, it would also draw the cursor at every new preview.
  document.addEventListener("input", (event) => {
    if (event.target.closest("#bulk-create")) event.target.classList.remove("is-invalid");
  });
})();
