// Ctrl-K on every page: finds pages, settings, channels, groups, providers, guides and actions. The server finds and ranks;
// this shows what it found. A combobox with a list: the keys stay in the field, the list says which entry is meant.
(function () {
  "use strict";

  const PAUSE = 120; // ms after the last letter
  const KEPT = "ecm-palette"; // keys of what was used lately, newest first, in this browser
  const MOST_KEPT = 8;

  let dialog = null;
  let asking = null; // aborts the request that a newer one replaces
  let timer = null;
  let at = -1;
  let enterWaits = false; // Enter was pressed before the answer to the last letters was there

  const opener = () => document.querySelector("[data-palette]");
  const field = () => dialog.querySelector("input");
  const list = () => dialog.querySelector("[role=listbox]");
  const options = () => [...list().children];

  function make() {
    dialog = document.createElement("dialog");
    dialog.className = "ecm-palette";
    dialog.setAttribute("aria-label", "Find");
    dialog.innerHTML =
      '<input type="text" class="form-control form-control-lg" role="combobox" aria-expanded="true" aria-controls="palette-list"' +
      ' aria-autocomplete="list" aria-label="Find a page, a channel or an action" placeholder="Find a page, a channel or an action"' +
      ' autocomplete="off" autocapitalize="off" spellcheck="false" maxlength="100">' +
      '<ul id="palette-list" role="listbox" aria-label="Found"></ul><p class="ecm-palette-note" role="status"></p>';
    document.body.append(dialog);
    field().addEventListener("input", () => later());
    dialog.addEventListener("keydown", onKey);
    dialog.addEventListener("click", onClick);
    list().addEventListener("mousemove", (event) => {
      const option = event.target.closest("[role=option]");
      if (option && options().indexOf(option) !== at) mark(options().indexOf(option), { scroll: false });
    });
    dialog.addEventListener("close", () => {
      asking?.abort();
      window.clearTimeout(timer);
    });
  }

  function open() {
    if (!dialog) make();
    if (dialog.open) return close();
    field().value = "";
    enterWaits = false;
    list().replaceChildren();
    say("");
    dialog.showModal();
    field().focus();
    ask();
    return undefined;
  }

  const close = () => dialog.close();

  // --- asking -------------------------------------------------------------------------------------------------------
  function later() {
    window.clearTimeout(timer);
    timer = window.setTimeout(ask, PAUSE);
  }

  async function ask() {
    window.clearTimeout(timer);
    timer = null;
    asking?.abort();
    const mine = (asking = new AbortController());
    const text = field().value;
    const query = new URLSearchParams({ part: "1", q: text, recent: used().join(",") });
    try {
      const answer = await fetch(`${opener().getAttribute("href")}?${query}`, { signal: mine.signal });
      if (!answer.ok) throw new Error(String(answer.status));
      if (answer.redirected) return window.location.reload(); // the sign-in has ended
      const html = await answer.text();
      if (mine !== asking) return undefined;
      list().innerHTML = html; // made and escaped by our own templates
      asking = null;
      mark(options().length ? 0 : -1);
      say(options().length ? counted(options().length) : "Nothing matches. Try a part of a name, or a channel's number.", !options().length);
      if (enterWaits && at >= 0) choose(options()[at]);
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      asking = null; // what was found before stays
      say("The server does not answer. Type on to try again.", true);
    }
    enterWaits = false;
    return undefined;
  }

  const counted = (number) => (number === 1 ? "1 result" : `${number} results`);

  function say(text, seen = false) {
    const note = dialog.querySelector(".ecm-palette-note");
    note.classList.toggle("visually-hidden", !seen);
    note.textContent = text;
  }

  // --- choosing -----------------------------------------------------------------------------------------------------
  function mark(place, { scroll = true } = {}) {
    const all = options();
    all[at]?.setAttribute("aria-selected", "false");
    at = place;
    const option = all[at];
    if (!option) return field().removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    field().setAttribute("aria-activedescendant", option.id);
    if (scroll) option.scrollIntoView({ block: "nearest" });
    return undefined;
  }

  function onKey(event) {
    if (event.isComposing) return;
    const count = options().length;
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: Math.min(at + 8, count - 1), PageUp: Math.max(at - 8, 0) };
    if (event.key in steps && count) {
      event.preventDefault();
      mark((steps[event.key] + count) % count);
    } else if (event.key === "Enter") {
      event.preventDefault();
      if (timer !== null || asking) {
        enterWaits = true;
        if (timer !== null) ask();
      } else if (at >= 0) choose(options()[at], event.ctrlKey || event.metaKey);
    } else if (event.key === "Tab") event.preventDefault(); // there is nothing else to reach
    event.stopPropagation(); // keys of the page below must not act
    if (isShortcut(event)) {
      event.preventDefault();
      close();
    }
  }

  function onClick(event) {
    const option = event.target.closest("[role=option]");
    if (option) choose(option, event.ctrlKey || event.metaKey);
    else if (event.target === dialog) close(); // beside it
  }

  function choose(option, inNewTab = false) {
    const { key, url, act } = option.dataset;
    keep(key);
    close();
    if (act === "post") window.htmx.ajax("POST", url, { target: document.body, swap: "none" });
    else if (act === "dialog" && document.getElementById("channel-manager")) {
      window.htmx.ajax("GET", url, { target: "#dialog-body", swap: "innerHTML" });
    } else if (inNewTab) window.open(url, "_blank", "noopener");
    else if (isHere(url)) window.location.reload(); // only the part after # would change, and nothing be looked up
    else window.location.assign(url);
  }

  function isHere(url) {
    const to = new URL(url, window.location.href);
    return to.hash && to.pathname + to.search === window.location.pathname + window.location.search && to.hash === window.location.hash;
  }

  function used() {
    try {
      const kept = JSON.parse(window.localStorage.getItem(KEPT) ?? "[]");
      return Array.isArray(kept) ? kept.filter((key) => typeof key === "string").slice(0, MOST_KEPT) : [];
    } catch (error) {
      return []; // storage is off or holds something else: then nothing is "recent"
    }
  }

  function keep(key) {
    try {
      window.localStorage.setItem(KEPT, JSON.stringify([key, ...used().filter((other) => other !== key)].slice(0, MOST_KEPT)));
    } catch (error) {
      // a browser that keeps nothing works without
    }
  }

  // --- opening ------------------------------------------------------------------------------------------------------
  const isShortcut = (event) => (event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === "k";

  document.addEventListener("keydown", (event) => {
    if (!isShortcut(event) || !opener()) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest?.("[data-palette]") || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    open();
  });
})();
