// What every page shares: dialogs, toasts, polite polling, errors, unsaved forms. Everything hangs on the document, so
// parts that htmx swaps in need no set-up of their own. Page scripts use window.ecm.
(function () {
  "use strict";

  const SHOWN_MS = { success: 6000, info: 6000, debug: 6000, warning: 12000, error: 0 }; // 0 = until dismissed
  const COPIED_MS = 3000;
  const UNDO_SHOWN_MS = 15000; // long enough to read, decide and reach the button
  const CONNECTION = "connection";
  const SESSION = "session";

  const dialog = () => document.getElementById("dialog");
  const dialogBody = () => document.getElementById("dialog-body");

  // --- announcements for screen readers -----------------------------------------------------------------------------
  function announce(text) {
    const place = document.getElementById("announcer");
    place.textContent = "";
    window.setTimeout(() => (place.textContent = text), 50); // an unchanged text would not be read again
  }

  // --- toasts -------------------------------------------------------------------------------------------------------
  // options: undo = address to POST to; link = {text, href}; retry = function; key = at most one toast of this key;
  // shown = milliseconds
  function toast(level, text, options = {}) {
    const box = document.getElementById("toasts");
    (document.querySelector("dialog[open]") || document.body).append(box); // a modal dialog hides what lies outside it
    if (options.key) box.querySelector(`[data-key="${options.key}"]`)?.remove();

    const item = document.createElement("div");
    item.className = `alert ecm-toast ecm-toast-${level in SHOWN_MS ? level : "info"}`;
    if (level === "error") item.setAttribute("role", "alert");
    if (options.key) item.dataset.key = options.key;
    const words = document.createElement("div");
    words.className = "ecm-toast-text";
    words.textContent = text;
    item.append(words);
    if (options.undo) {
      // The toast stays until the answer is there: the events of the answer start at the button and must bubble.
      const undo = button("Undo", { "hx-post": options.undo, "hx-swap": "none" }, () => (undo.disabled = true));
      item.addEventListener("htmx:afterRequest", () => dismiss(item));
      item.append(undo);
    }
    if (options.retry) item.append(button("Try again", {}, () => (dismiss(item), options.retry())));
    if (options.link) {
      const link = document.createElement("a");
      link.className = "btn btn-sm";
      link.textContent = options.link.text;
      link.href = options.link.href;
      item.append(link);
    }
    const close = button("", { "aria-label": "Dismiss" }, () => dismiss(item));
    close.className = "btn-close";
    item.append(close);
    box.append(item);
    if (options.undo) window.htmx.process(item);
    leaveAfter(item, options.shown ?? (options.undo ? UNDO_SHOWN_MS : (SHOWN_MS[level] ?? SHOWN_MS.info)));
    return item;
  }

  function button(text, attributes, onClick) {
    const element = document.createElement("button");
    element.type = "button";
    element.className = "btn btn-sm";
    element.textContent = text;
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.addEventListener("click", () => window.setTimeout(onClick, 0)); // after htmx has seen the click
    return element;
  }

  function dismiss(item) {
    item.classList.add("ecm-toast-leaving");
    window.setTimeout(() => item.remove(), 200);
  }

  function leaveAfter(item, milliseconds) {
    if (!milliseconds) return;
    let timer = window.setTimeout(() => dismiss(item), milliseconds);
    const stay = () => window.clearTimeout(timer);
    const go = () => (stay(), (timer = window.setTimeout(() => dismiss(item), milliseconds)));
    item.addEventListener("mouseenter", stay);
    item.addEventListener("focusin", stay);
    item.addEventListener("mouseleave", go);
    item.addEventListener("focusout", go);
  }

  function dismissKey(key) {
    document.querySelectorAll(`#toasts [data-key="${key}"]`).forEach(dismiss);
  }

  const linkTo = (run) => (run ? { text: "Open run", href: run } : undefined);

  document.addEventListener("toasts", (event) => {
    for (const item of event.detail.items) toast(item.level, item.text, { undo: item.undo, link: linkTo(item.run) });
  });

  function showWaitingToasts() {
    for (const message of document.querySelectorAll("#toasts .ecm-message")) {
      message.remove();
      const { level, undo, run } = message.dataset;
      toast(level, message.textContent.trim(), { undo, link: linkTo(run) });
    }
  }

  // --- the dialog ---------------------------------------------------------------------------------------------------
  let dialogTouched = false;

  function openDialog() {
    const element = dialog();
    if (!element.open) {
      dialogTouched = false;
      element.showModal();
    }
    const heading = dialogBody().querySelector("h1, h2, h3, .dialog-title");
    if (heading) element.setAttribute("aria-label", heading.textContent.trim());
    const first =
      dialogBody().querySelector(".is-invalid") ||
      dialogBody().querySelector("[autofocus]") ||
      dialogBody().querySelector("input:not([type=hidden]):not([disabled]), select, textarea") ||
      dialogBody().querySelector("a[href], button:not([data-dialog-close])");
    first?.focus();
  }

  function closeDialog() {
    if (dialog().open) dialog().close();
  }

  // While work runs that must not be lost sight of, only its end (or leaving the page) closes the dialog.
  const mustStay = () => dialog().open && dialogBody().querySelector("[data-dialog-stays]") !== null;
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && mustStay()) event.preventDefault();
  }, true);
  document.addEventListener("cancel", (event) => {
    if (event.target === dialog() && mustStay()) event.preventDefault();
  }, true);

  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target?.id !== "dialog-body") return;
    event.detail.swapOverride = "innerHTML"; // a list around the link may swap itself as a whole; the dialog's place stays
    event.detail.selectOverride = "unset";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target?.id === "dialog-body" && dialogBody().childElementCount) openDialog();
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    // An outerHTML swap of the form inside the dialog (errors): put the cursor where something is to be done.
    if (dialog().open && dialogBody().contains(event.detail.elt)) dialogBody().querySelector(".is-invalid")?.focus();
  });
  document.addEventListener("dialog:close", closeDialog);
  document.addEventListener("input", (event) => {
    if (dialogBody().contains(event.target)) dialogTouched = true;
  });
  document.addEventListener("click", (event) => {
    const closer = event.target.closest("[data-dialog-close]");
    if (closer && dialog().contains(closer)) {
      event.preventDefault();
      closeDialog();
    } else if (event.target === dialog() && !dialogTouched && !mustStay()) {
      closeDialog(); // a click beside the dialog; what was typed is not thrown away
    }
  });
  document.addEventListener("DOMContentLoaded", () => {
    // Emptied in the "close" event, which comes after all events of an answer: they start at the form and must bubble.
    dialog().addEventListener("close", () => {
      document.body.append(document.getElementById("toasts"));
      dialogBody().replaceChildren();
    });
  });

  // --- polite polling, errors, sign-in that ended -------------------------------------------------------------------
  let signedOut = false;
  const isPolling = (detail) => !detail.requestConfig?.triggeringEvent;

  document.addEventListener("htmx:beforeRequest", (event) => {
    if ((document.hidden || signedOut) && isPolling(event.detail)) event.preventDefault();
  });

  // A part that asks for itself and left the page meanwhile: an answer to nobody would be an error to htmx.
  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, target, xhr } = event.detail;
    if (target !== elt) return;
    const land = xhr.onload;
    xhr.onload = () => elt.isConnected && land.call(xhr);
  });

  function retryOf(event) {
    const { requestConfig, elt } = event.detail;
    if (!requestConfig || requestConfig.verb !== "get" || isPolling(event.detail)) return undefined;
    return () => window.htmx.ajax("GET", requestConfig.path, { source: elt, target: event.detail.target });
  }

  function unreachable(event) {
    if (document.hidden) return;
    const text = "The server does not answer. Check that ECM is running and that you are connected, then try again.";
    toast("error", text, { key: CONNECTION, retry: retryOf(event) });
  }
  document.addEventListener("htmx:sendError", unreachable);
  document.addEventListener("htmx:timeout", unreachable);

  document.addEventListener("session:expired", (event) => {
    signedOut = true;
    const link = { text: "Sign in", href: event.detail.url };
    toast("error", "Your sign-in has ended. Copy anything that you have typed, then sign in again.", { key: SESSION, link });
  });

  const SENTENCES = {
    403: "The server refused this. Reload the page and try again.",
    404: "This does not exist any more; somebody or something removed it. Reload the page.",
    413: "This is too large for the server.",
    429: "Too many requests. Wait a moment, then try again.",
  };

  document.addEventListener("htmx:responseError", (event) => {
    const { xhr } = event.detail;
    if (xhr.status === 401) return; // session:expired has spoken
    const plain = (xhr.getResponseHeader("Content-Type") || "").startsWith("text/plain");
    const own = plain && xhr.responseText.length < 500 ? xhr.responseText.trim() : "";
    const failed = "The server could not do this because of an error of its own. The log says more. Try again in a moment.";
    const text = own || SENTENCES[xhr.status] || (xhr.status >= 500 ? failed : "The server refused this.");
    const options = { key: isPolling(event.detail) ? CONNECTION : undefined };
    if (xhr.status >= 500) options.retry = retryOf(event);
    toast("error", text, options);
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.detail.successful) dismissKey(CONNECTION);
  });

  // --- parts that reload themselves ---------------------------------------------------------------------------------
  // From asking until htmx has made the part listen that stands in its place afterwards, such a part misses what the page
  // is told: what htmx queued for it leaves the page with it. The part in its place then asks once more.
  function toldToBody(part) {
    const delays = new Map(); // name of an event -> how long the part waits before it asks
    for (const trigger of (part.getAttribute("hx-trigger") || "").split(",")) {
      const [name, ...words] = trigger.trim().split(/\s+/);
      const delay = words.find((word) => word.startsWith("delay:"))?.slice("delay:".length);
      if (words.includes("from:body")) delays.set(name, window.htmx.parseInterval(delay) || 0);
    }
    return delays;
  }

  function inPlaceOf(part) {
    if (part.id) return document.getElementById(part.id);
    return document.querySelector(`[hx-get="${CSS.escape(part.getAttribute("hx-get"))}"]`);
  }

  function askOnceMore(part, told) {
    const now = inPlaceOf(part);
    const address = now?.getAttribute("hx-get");
    if (address && toldToBody(now).has(told.type)) window.htmx.ajax("GET", address, { source: now, event: told });
  }

  document.addEventListener("htmx:beforeSend", (event) => {
    const { elt, target, xhr } = event.detail;
    const delays = target.contains(elt) ? toldToBody(elt) : new Map();
    if (!delays.size) return;
    let missed = null;
    const listening = new AbortController();
    const options = { capture: true, signal: listening.signal };
    // What one answer tells in one breath was true before this request leaves: only later news counts.
    queueMicrotask(() => delays.forEach((_, name) => window.addEventListener(name, (told) => (missed = told), options)));
    const land = xhr.onload;
    xhr.onload = () => {
      const before = missed;
      land.call(xhr);
      missed = before; // what the answer tells itself is no news to it
    };
    xhr.addEventListener("loadend", () => {
      window.setTimeout(() => {
        listening.abort();
        if (missed && !elt.isConnected) window.setTimeout(askOnceMore, delays.get(missed.type), elt, missed);
      }, window.htmx.config.defaultSettleDelay); // begun after htmx's own, so it ends after the new part listens
    });
  });

  // --- forms --------------------------------------------------------------------------------------------------------
  // <form data-warn-unsaved>: leaving with changes asks. A form is sent once, however often the button is pressed.
  const changed = new Set();

  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form?.matches("[data-warn-unsaved]")) changed.add(form);
  });
  document.addEventListener("submit", (event) => {
    const form = event.target;
    changed.delete(form);
    if (form.method !== "post" || form.matches("[hx-post], [data-hx-post]")) return;
    window.setTimeout(() => {
      if (event.defaultPrevented) return;
      form.querySelectorAll("button[type=submit], button:not([type])").forEach((element) => (element.disabled = true));
    }, 0);
  });
  // <form data-tested-form>: what was tested and changed since has to be tested again before it can be saved.
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (!form?.matches("[data-tested-form]")) return;
    form.querySelectorAll("input[name=proof]").forEach((element) => (element.value = ""));
    form.querySelectorAll("button[value=save]").forEach((element) => (element.disabled = true));
  });
  // A form that came back with errors still holds what was typed.
  document.addEventListener("DOMContentLoaded", () => {
    const failed = "form[data-warn-unsaved]:has(.is-invalid, .invalid-feedback:not(:empty))";
    document.querySelectorAll(failed).forEach((form) => changed.add(form));
  });
  // A change was taken back: a form of the settings that nobody has touched since shows what is true now.
  document.addEventListener("journal:changed", () => {
    const form = document.getElementById("settings-form");
    if (!form || changed.has(form)) return;
    window.htmx.ajax("GET", window.location.pathname, { target: form, select: "#settings-form", swap: "outerHTML" });
  });
  window.addEventListener("beforeunload", (event) => {
    if ([...changed].some((form) => form.isConnected)) event.preventDefault();
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return; // the browser restored the page as it was left, with its buttons off
    document.querySelectorAll("form[method=post] button[disabled]").forEach((element) => (element.disabled = false));
  });

  // <button data-copy="text"> and <button data-copy-from="#input">
  document.addEventListener("click", async (event) => {
    const source = event.target.closest("[data-copy], [data-copy-from]");
    if (!source) return;
    const field = source.dataset.copyFrom && document.querySelector(source.dataset.copyFrom);
    const text = field ? field.value || field.textContent : source.dataset.copy;
    if (await copy(text)) return;
    if (field?.select) field.select();
    toast("info", field ? "Press Ctrl+C to copy." : `Copy this: ${text}`);
  });

  // Puts a text on the clipboard, says so for three seconds, and returns whether it could.
  async function copy(text) {
    let copied = false;
    try {
      await navigator.clipboard.writeText(text);
      copied = true;
    } catch (error) {
      copied = copyTheOldWay(text); // only pages behind TLS, or on this machine, have the other one
    }
    if (copied) toast("success", "Copied.", { shown: COPIED_MS });
    return copied;
  }

  function copyTheOldWay(text) {
    const before = document.activeElement;
    const field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.className = "visually-hidden";
    (document.querySelector("dialog[open]") || document.body).append(field); // a modal dialog lets nothing outside be selected
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    before?.focus?.({ preventScroll: true });
    return copied;
  }

  window.ecm = { announce, toast, openDialog, closeDialog, copy };
  document.addEventListener("DOMContentLoaded", showWaitingToasts);
})();
