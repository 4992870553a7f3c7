// Choosing groups over several pages and searches, saved in one request. What was switched is kept here as steps, in
// order; a page that is loaded later shows them. Without this script each page saves its own switches.
(function () {
  "use strict";

  let steps = []; // {ids: [1, 2], enabled: true} or {matching: "text", only: "new", expected: 12, enabled: false}

  const form = () => document.querySelector("form[data-groups]");
  const boxes = () => [...document.querySelectorAll("form[data-groups] input[name=enabled]")];
  // Like the server's search: capitals do not matter in A-Z, other letters are compared as they are.
  const plain = (text) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  function covers(step, box) {
    if ("ids" in step) return step.ids.includes(Number(box.value));
    if (step.only && !box.hasAttribute(`data-${step.only}`)) return false;
    return plain(box.dataset.name).includes(plain(step.matching));
  }

  function wanted(box) {
    for (let index = steps.length - 1; index >= 0; index -= 1) {
      if (covers(steps[index], box)) return steps[index].enabled;
    }
    return box.dataset.stored === "1";
  }

  function switchOne(id, enabled) {
    for (const step of steps) if ("ids" in step) step.ids = step.ids.filter((other) => other !== id);
    steps = steps.filter((step) => !("ids" in step) || step.ids.length);
    const last = steps[steps.length - 1];
    if (last && "ids" in last && last.enabled === enabled) last.ids.push(id);
    else steps.push({ ids: [id], enabled });
  }

  function describe() {
    if (!steps.length) return "Nothing changed yet.";
    const single = steps.reduce((sum, step) => sum + ("ids" in step ? step.ids.length : 0), 0);
    const parts = steps
      .filter((step) => "matching" in step)
      .map((step) => {
        const count = step.expected.toLocaleString("en");
        const kind = { new: " new ones", stale: " missing ones", synced: " auto-synced ones" }[step.only] || "";
        const text = step.matching ? ` with “${step.matching}”` : "";
        const which = kind || text ? `the ${count}${kind}${text}` : `all ${count}`;
        return `${which} ${step.enabled ? "on" : "off"}`;
      });
    if (single) parts.push(`${single.toLocaleString("en")} switched singly`);
    return `Not saved yet: ${parts.join(", then ")}.`;
  }

  function show() {
    if (!form()) return;
    for (const box of boxes()) box.checked = wanted(box);
    form().querySelector("[data-steps]").value = steps.length ? JSON.stringify(steps) : "";
    const pending = form().querySelector("[data-pending]");
    if (!pending) return;
    pending.textContent = describe();
    form().querySelector("[data-save]").disabled = !steps.length;
    const discard = form().querySelector("[data-discard]");
    discard.classList.toggle("disabled", !steps.length);
    discard.setAttribute("aria-disabled", String(!steps.length));
  }

  document.addEventListener("change", (event) => {
    if (!event.target.matches("form[data-groups] input[name=enabled]")) return;
    const box = event.target;
    switchOne(Number(box.value), box.checked);
    show();
  });

  document.addEventListener("click", (event) => {
    const all = event.target.closest("form[data-groups] [data-all]");
    const discard = event.target.closest("form[data-groups] [data-discard]");
    if (!all && !discard) return;
    event.preventDefault();
    event.stopPropagation(); // else htmx would post the form
    if (discard) steps = [];
    else {
      const { text, only, matching } = form().dataset;
      // A step that this one covers wholly no longer matters.
      const isEverything = text === "" && only === "";
      steps = steps.filter((step) => !isEverything && !(step.matching === text && step.only === only));
      steps.push({ matching: text, only, expected: Number(matching), enabled: all.dataset.all === "on" });
    }
    show();
  }, true);

  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.elt !== form()) return;
    // Just the changes, not every switch of the page.
    const { parameters } = event.detail;
    for (const name of ["shown", "enabled"]) delete parameters[name];
  });

  document.addEventListener("htmx:afterSwap", () => {
    if (form()?.hasAttribute("data-saved")) {
      steps = [];
      form().removeAttribute("data-saved");
    }
    show();
  });
  document.addEventListener("DOMContentLoaded", show);
  window.addEventListener("beforeunload", (event) => {
    if (steps.length) event.preventDefault();
  });
})();
