// The bell: opens and closes its panel, tells what is new exactly once however many tabs are open, and looks at once when
// a tab comes back to front. What is new comes from the poller in the header (_notification_poller.html).
(function () {
  "use strict";

  const TOLD = "ecm.notifications.told"; // the newest news that any tab of this browser has told
  const AWAY_MS = 4000;

  const panel = () => document.getElementById("notification-panel");
  const bell = () => document.getElementById("bell-button");
  const isOpen = () => Boolean(panel() && !panel().hidden);

  // --- the panel ----------------------------------------------------------------------------------------------------
  function open() {
    panel().hidden = false;
    bell().setAttribute("aria-expanded", "true");
    document.documentElement.classList.add("has-notification-sheet");
    document.getElementById("notification-panel-heading")?.focus();
  }

  function close(giveFocusBack) {
    panel().hidden = true;
    panel().replaceChildren(); // its live lines are no longer polled for
    bell().setAttribute("aria-expanded", "false");
    document.documentElement.classList.remove("has-notification-sheet");
    if (giveFocusBack) bell().focus();
  }

  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "notification-panel") open();
  });

  document.addEventListener(
    "click",
    (event) => {
      const modified = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
      if (event.target.closest("[data-notification-close]")) close(true);
      else if (isOpen() && !modified && event.target.closest("#bell-button")) {
        event.preventDefault();
        event.stopPropagation(); // the panel is not fetched again
        close(true);
      }
    },
    true
  );

  const belongs = (element) => element.closest?.("#notification-bell, #toasts, dialog");

  document.addEventListener("pointerdown", (event) => {
    if (isOpen() && !belongs(event.target)) close(false);
  });
  document.addEventListener("focusin", (event) => {
    if (isOpen() && !belongs(event.target)) close(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOpen() && !event.defaultPrevented && !document.querySelector("dialog[open]")) close(true);
  });

  // A line that is deleted with the keyboard hands the focus to its neighbour.
  let heir = "";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (!event.target.matches?.("[data-notification-leaves]")) return;
    const line = event.target.closest(".notification");
    heir = (line.nextElementSibling || line.previousElementSibling)?.id || "";
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const id = event.detail.elt?.id;
    if (id !== "notification-panel-body" && id !== "notification-list") return;
    if (document.activeElement && document.activeElement !== document.body) return;
    const line = heir ? document.getElementById(heir) : null;
    heir = "";
    (line?.querySelector("[data-notification-leaves] button") || document.getElementById("notification-panel-heading"))?.focus();
  });

  // --- what is new --------------------------------------------------------------------------------------------------
  let toldHere = null; // where the browser keeps nothing for us

  function told() {
    try {
      const kept = window.localStorage.getItem(TOLD);
      return kept === null ? toldHere : Number(kept) || 0;
    } catch {
      return toldHere;
    }
  }

  function remember(news) {
    toldHere = news;
    try {
      window.localStorage.setItem(TOLD, String(news));
    } catch {
      // private mode: this tab alone remembers
    }
  }

  const isOnScreen = (item) =>
    item.run && (document.getElementById(`run-progress-${item.run}`) || window.location.pathname === item.run_page);

  document.addEventListener("notifications:news", (event) => {
    for (const item of event.detail.items) {
      if (item.news <= (told() ?? 0)) continue; // another tab was quicker
      remember(item.news);
      if (item.toast && !isOnScreen(item)) {
        window.ecm.toast(item.kind, item.text, { link: item.link, key: `notification-${item.id}` });
      } else if (item.kind === "error") {
        window.ecm.announce(`Error. ${item.text}`);
      }
    }
  });

  const look = () => document.body.dispatchEvent(new CustomEvent("notifications:look", { bubbles: true }));

  document.addEventListener("DOMContentLoaded", () => {
    const watch = document.getElementById("bell-watch");
    if (!watch) return;
    const newest = Number(watch.dataset.news);
    const before = told();
    if (before === null || before > newest) {
      remember(newest);
    } else if (before < newest) {
      watch.elements.since.value = before; // it came while the page was changed
      window.setTimeout(look, 300); // htmx listens by then
    }
  });

  let hiddenAt = 0;
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) hiddenAt = Date.now();
    else if (Date.now() - hiddenAt > AWAY_MS) look();
  });

  // That the server is away is told once, not every few seconds.
  const once = (event) => {
    if (event.target.id === "bell-watch" && document.querySelector('#toasts [data-key="connection"]')) event.stopPropagation();
  };
  for (const kind of ["htmx:sendError", "htmx:timeout", "htmx:responseError"]) document.addEventListener(kind, once, true);
})();
