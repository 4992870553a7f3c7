// The account form works without this. It adds: a chosen file clears the address, and "refresh now" only shows when the
// address or the login was touched.
(function () {
  "use strict";

  const SOURCE_FIELDS = ["server_url", "file_path", "username", "password", "playlist_file"];
  const inForm = (element) => element.closest?.("[data-account-form]");

  function fold(form) {
    const question = form.querySelector("[data-refresh-now]");
    if (question) question.hidden = !form.dataset.sourceTouched;
  }

  function touched(form) {
    form.dataset.sourceTouched = "1";
    fold(form);
  }

  document.addEventListener("input", (event) => {
    const form = inForm(event.target);
    if (form && SOURCE_FIELDS.includes(event.target.name)) touched(form);
  });

  document.addEventListener("change", (event) => {
    const form = inForm(event.target);
    if (!form || event.target.name !== "playlist_file" || !event.target.files.length) return;
    for (const name of ["server_url", "file_path"]) {
      const box = form.elements[name];
      if (box) box.value = "";
    }
    touched(form);
  });

  document.addEventListener("click", (event) => {
    const form = inForm(event.target);
    if (form && event.target.closest("[name=switch_type]")) touched(form);
  });

  const foldAll = () => document.querySelectorAll("[data-account-form]").forEach((form) => {
    if (form.querySelector(".is-invalid")) form.dataset.sourceTouched = "1"; // it came back: what was typed is not known here
    fold(form);
  });
  document.addEventListener("htmx:afterSwap", foldAll);
  document.addEventListener("DOMContentLoaded", foldAll);
})();
