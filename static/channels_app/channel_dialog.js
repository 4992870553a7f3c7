// The dialog of a channel: what it shows follows what is chosen, Save waits for a difference, closing asks first.
(function () {
  "use strict";

  const form = () => document.querySelector("form[data-channel-form]");

  // --- what differs -----------------------------------------------------------------------------------------------------
  function valueOf(owner, name) {
    const field = owner.elements[name];
    if (!field) return undefined;
    return field.type === "checkbox" ? field.checked : field.value.trim();
  }

  function differs(owner) {
    const base = JSON.parse(owner.elements.base.value);
    return Object.entries(base).some(([name, shown]) => {
      const value = valueOf(owner, name);
      if (value === undefined) return false;
      return value !== (typeof shown === "string" ? shown.trim() : shown);
    });
  }

  function settle() {
    const owner = form();
    if (!owner) return;
    owner.querySelector(".dialog-footer [type=submit]").disabled = !differs(owner);
    settleLogo(owner);
  }

  // --- the guide ----------------------------------------------------------------------------------------------------------
  // An entry brings its TVG-ID along (10 §7.2).
  function chooseEntry(owner, { entry = "", label = "No guide entry", tvgId = "", source = "", icon = "", shown = "" }) {
    const field = owner.querySelector("[data-guide-field]");
    field.querySelector("[name=guide_entry]").value = entry;
    field.querySelector("[data-guide-chosen]").dataset.tvgId = tvgId;
    field.querySelector("[data-guide-label]").textContent = label;
    field.querySelector("[data-guide-detail]").textContent = entry ? `${tvgId} · ${source}` : "";
    field.querySelector("[data-cd=clear-entry]").hidden = !entry;
    const picture = field.querySelector("[data-guide-icon]");
    picture.hidden = !icon;
    if (icon) picture.src = shown;
    const use = owner.querySelector("[data-from=guide]");
    use.disabled = !icon;
    Object.assign(use.dataset, { logo: icon, shown });
    if (entry && tvgId) owner.elements.tvg_id.value = tvgId;
    if (entry) owner.elements.no_epg.checked = false;
    const search = field.querySelector("details.cm-guide-search");
    search.open = false;
    search.querySelector("summary").focus();
    window.ecm.announce(label);
  }

  // The id of the chosen entry; without one the search opens.
  function takeTvgId(owner) {
    const { tvgId } = owner.querySelector("[data-guide-chosen]").dataset;
    if (tvgId) {
      owner.elements.tvg_id.value = tvgId;
      return;
    }
    const search = owner.querySelector("details.cm-guide-search");
    search.open = true;
    search.querySelector("[name=guide_find]").focus();
  }

  // --- the logo -----------------------------------------------------------------------------------------------------------
  function useLogo(owner, address, shown) {
    owner.elements.logo_url.value = address;
    show(owner, shown || address);
  }

  function show(owner, source) {
    const picture = owner.querySelector("[data-logo-now]");
    picture.classList.remove("is-broken");
    picture.hidden = !source;
    owner.querySelector("[data-logo-none]").hidden = Boolean(source);
    if (source) picture.src = source;
  }

  function settleLogo(owner) {
    const address = owner.elements.logo_url.value.trim();
    const remove = owner.querySelector("[data-when-logo]");
    remove.hidden = !address;
    for (const choice of owner.querySelectorAll("[data-logo-choice]")) {
      choice.setAttribute("aria-pressed", String(choice.dataset.logoChoice === address));
    }
  }

  // --- clicks -------------------------------------------------------------------------------------------------------------
  const ACTS = {
    "choose-entry": (owner, button) => chooseEntry(owner, button.dataset),
    "clear-entry": (owner) => chooseEntry(owner, {}),
    "tvg-id": takeTvgId,
    "use-logo": (owner, button) => useLogo(owner, button.dataset.logo, button.dataset.shown),
    "keep-editing": (owner) => ask(owner, false),
    "throw-away": (owner) => leave(owner),
  };

  document.addEventListener("click", (event) => {
    const owner = event.target.closest("form[data-channel-form]");
    if (!owner) return;
    const choice = event.target.closest("[data-logo-choice]");
    if (choice) useLogo(owner, choice.dataset.logoChoice, choice.dataset.shown);
    const button = event.target.closest("[data-cd]");
    if (button) ACTS[button.dataset.cd](owner, button);
    if (choice || button) settle();
  });

  document.addEventListener("input", (event) => {
    if (!event.target.closest?.("form[data-channel-form]")) return;
    if (event.target.name === "logo_url") {
      const address = event.target.value.trim();
      show(form(), /^(https?:\/\/[^\s/]+|\/logos\/[0-9a-f]{40}\.)/i.test(address) ? address : "");
    }
    settle();
  });
  document.addEventListener("change", (event) => event.target.closest?.("form[data-channel-form]") && settle());

  // The dialog arrived, a part of it was swapped, or a logo was just added: that one is meant.
  document.addEventListener("htmx:afterSettle", (event) => {
    const owner = form();
    if (!owner) return;
    const picker = owner.querySelector("[data-logo-picker][data-chosen]");
    if (picker) {
      useLogo(owner, picker.dataset.chosen, picker.dataset.shown);
      window.ecm.announce(`${picker.dataset.chosenName} is chosen`);
      picker.removeAttribute("data-chosen");
      for (const name of ["new_logo_url", "new_logo_file"]) owner.querySelector(`[name=${name}]`).value = "";
    }
    if (event.detail.elt) settle();
  });
  document.addEventListener("DOMContentLoaded", settle);

  // --- closing with something unsaved asks first --------------------------------------------------------------------------
  function ask(owner, wanted = true) {
    const bar = owner.querySelector("[data-unsaved]");
    bar.hidden = !wanted;
    (wanted ? bar.querySelector("[data-cd=keep-editing]") : owner.elements.name).focus();
  }

  function leave(owner) {
    const closer = owner.querySelector("a[data-dialog-close]");
    if (document.getElementById("dialog").contains(owner)) window.ecm.closeDialog();
    else window.location.assign(closer.href);
  }

  const unsaved = () => {
    const owner = form();
    return owner && differs(owner) ? owner : null;
  };

  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest("[data-dialog-close]") && event.target.id !== "dialog") return;
      const owner = unsaved();
      if (!owner) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      ask(owner);
    },
    true,
  );
  document.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !document.getElementById("dialog").open) return;
      const owner = unsaved();
      if (!owner) return;
      event.preventDefault();
      ask(owner, owner.querySelector("[data-unsaved]").hidden);
    },
    true,
  );
  document.addEventListener(
    "cancel",
    (event) => {
      const owner = event.target.id === "dialog" && unsaved();
      if (!owner) return;
      event.preventDefault();
      ask(owner);
    },
    true,
  );
})();
