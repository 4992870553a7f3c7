// Channel profiles: switches wait in the page until they are saved in one go. Sections are filled when they are opened.
(function () {
  "use strict";

  const SEARCH_MS = 300;
  const MOST_KEPT = 5000; // ids that the server is told to keep in sight while disabled channels are hidden
  const pending = new Map(); // channel id → { on, group }: only those that differ from what is stored
  let typing = null;
  let asked = 0; // answers that were overtaken by a later question are dropped

  const view = () => document.getElementById("profile-members");
  const sections = () => document.getElementById("member-sections");
  const csrf = () => JSON.parse(document.body.getAttribute("hx-headers"))["X-CSRFToken"];

  // --- asking the server --------------------------------------------------------------------------------------------------
  function filterValues() {
    const values = new URLSearchParams(new FormData(document.getElementById("member-filter")));
    if (values.get("only") === "enabled") {
      const kept = [...pending].filter(([, { on }]) => on).map(([id]) => id);
      values.set("keep", kept.slice(0, MOST_KEPT).join(","));
    }
    return values;
  }

  // By POST: the ids to keep in sight do not fit into an address.
  async function ask(url, values) {
    const looks = document.body.dataset.role === "viewer"; // keeps nothing, so it always fits
    const headers = { "X-CSRFToken": csrf(), "HX-Request": "true" };
    const asked = looks ? fetch(`${url}?${values}`, { headers }) : fetch(url, { method: "POST", body: values, headers });
    const answer = await asked.catch(() => null);
    if (answer?.ok) return answer;
    window.ecm.toast("error", "The server does not answer as it should. Nothing was lost; try again in a moment.");
    return null;
  }

  async function reload() {
    const turn = ++asked;
    const open = new Set([...document.querySelectorAll("[data-section]:has(> details[open])")].map((one) => one.dataset.section));
    const answer = await ask(view().dataset.save, filterValues());
    if (!answer) return;
    const text = await answer.text();
    if (turn !== asked) return;
    sections().outerHTML = text;
    settle();
    for (const section of document.querySelectorAll("[data-section]")) {
      if (open.has(section.dataset.section)) section.querySelector("details").open = true; // "toggle" fills it
    }
    window.ecm.announce(document.querySelector(".pf-total").textContent.trim());
  }

  async function fill(section, offset = 0) {
    const values = filterValues();
    values.set("group", section.dataset.section);
    values.set("offset", offset);
    const answer = await ask(view().dataset.rows, values);
    if (!answer) return;
    const place = section.querySelector("[data-section-rows]");
    place.querySelector("[data-more]")?.remove();
    if (offset) place.insertAdjacentHTML("beforeend", await answer.text());
    else place.innerHTML = await answer.text();
    section.dataset.filled = "";
    settle();
  }

  async function switchMany(on, group) {
    const values = filterValues();
    if (group !== undefined) values.set("group", group);
    const answer = await ask(view().dataset.ids, values);
    if (!answer) return;
    for (const [id, section, stored] of (await answer.json()).channels) note(String(id), on, Boolean(stored), String(section));
    settle();
  }

  // --- what waits ---------------------------------------------------------------------------------------------------------
  function note(id, on, stored, group) {
    if (on === stored) pending.delete(id);
    else pending.set(id, { on, group });
  }

  function settle() {
    for (const element of document.querySelectorAll(".pf-script")) element.hidden = false;
    for (const box of sections().querySelectorAll("[data-channel]")) {
      const waits = pending.get(box.dataset.channel);
      box.checked = waits ? waits.on : box.dataset.on === "1";
      box.closest(".pf-row").classList.toggle("is-pending", Boolean(waits));
    }
    const more = new Map();
    let all = 0;
    for (const { on, group } of pending.values()) {
      more.set(group, (more.get(group) ?? 0) + (on ? 1 : -1));
      all += on ? 1 : -1;
    }
    for (const section of sections().querySelectorAll("[data-section]")) {
      const figure = section.querySelector("[data-enabled]");
      const enabled = Number(figure.dataset.base) + (more.get(section.dataset.section) ?? 0);
      const total = Number(section.querySelector("[data-section-switch]").dataset.total);
      figure.textContent = enabled.toLocaleString("en-US");
      const box = section.querySelector("[data-section-switch]");
      box.checked = enabled === total;
      box.indeterminate = enabled > 0 && enabled < total;
    }
    const sum = sections().querySelector("[data-total-enabled]");
    sum.textContent = (Number(sum.dataset.base) + all).toLocaleString("en-US");
    sections().querySelector("[data-pending-words]").textContent = pending.size ? ` · ${pending.size.toLocaleString("en-US")} not saved` : "";
    const save = document.querySelector("[data-save-members]");
    save.textContent = pending.size ? `Save (${pending.size.toLocaleString("en-US")})` : "Save";
    save.disabled = pending.size === 0;
    document.querySelector("[data-revert]").disabled = pending.size === 0;
  }

  function save() {
    const ids = (on) => [...pending].filter(([, waits]) => waits.on === on).map(([id]) => id).join(",");
    const values = { save: "1", enable: ids(true), disable: ids(false) };
    document.querySelector("[data-save-members]").disabled = true;
    window.htmx.ajax("POST", view().dataset.save, { source: view(), swap: "none", values });
  }

  // --- events -------------------------------------------------------------------------------------------------------------
  document.addEventListener("change", (event) => {
    const box = event.target;
    if (!box.closest?.("#profile-members")) return;
    const section = box.closest("[data-section]")?.dataset.section;
    if (box.matches("[data-channel]")) note(box.dataset.channel, box.checked, box.dataset.on === "1", section);
    else if (box.matches("[data-section-switch]")) switchMany(box.checked, section);
    else if (box.name === "only") reload();
    if (box.matches("[data-channel]")) settle();
  });

  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("#profile-members")) return;
    const visible = event.target.closest("[data-visible]");
    if (visible) switchMany(visible.dataset.visible === "1");
    const more = event.target.closest("[data-more]");
    if (more) fill(more.closest("[data-section]"), more.dataset.more);
    if (event.target.closest("[data-save-members]")) save();
    if (event.target.closest("[data-revert]")) {
      pending.clear();
      settle();
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("#member-filter [name=q]")) return;
    window.clearTimeout(typing);
    typing = window.setTimeout(reload, SEARCH_MS);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.id !== "member-filter") return;
    event.preventDefault();
    reload();
  });

  // "toggle" does not bubble.
  document.addEventListener(
    "toggle",
    (event) => {
      const section = event.target.closest?.("[data-section]");
      if (section && event.target.open && !("filled" in section.dataset)) fill(section);
    },
    true,
  );

  document.addEventListener("profiles:changed", () => {
    if (!view()) return;
    pending.clear();
    reload();
  });
  document.addEventListener("journal:changed", () => view() && reload());
  window.addEventListener("beforeunload", (event) => pending.size && event.preventDefault());

  // Inline renaming: Esc gives up.
  document.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("[data-rename]");
    if (form && event.key === "Escape") form.querySelector("[data-rename-cancel]").click();
  });
  document.addEventListener("htmx:afterSettle", () => document.querySelector("[data-rename] input[name=name]")?.select());

  document.addEventListener("DOMContentLoaded", () => view() && settle());
})();
