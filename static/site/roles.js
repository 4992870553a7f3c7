// For people who may only look: links in running text to what they may not open become plain text (see roles.css).
(function () {
  "use strict";

  const LINKS = 'a:is([hx-target="#dialog-body"]:not([data-for]), [data-for="editors"]):not(.btn, .dropdown-item)';

  function settle(within) {
    for (const link of within.querySelectorAll(LINKS)) {
      const text = document.createElement("span");
      for (const name of ["class", "id", "title"]) if (link.hasAttribute(name)) text.setAttribute(name, link.getAttribute(name));
      text.append(...link.childNodes);
      link.replaceWith(text);
    }
  }

  document.addEventListener("htmx:load", (event) => settle(event.detail.elt));
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", () => settle(document));
  else settle(document);
})();
