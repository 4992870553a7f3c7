// The log of a run stays at its end while new lines arrive, unless somebody scrolled up to read.
(function () {
  "use strict";

  const log = () => document.querySelector("[data-run-log]");
  const atEnd = (element) => element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  let follow = true;

  document.addEventListener("scroll", (event) => {
    if (event.target === log()) follow = atEnd(event.target);
  }, true);
  document.addEventListener("htmx:afterSettle", () => {
    const element = log();
    if (element && follow) element.scrollTop = element.scrollHeight;
  });
  document.addEventListener("DOMContentLoaded", () => {
    const element = log();
    if (element) element.scrollTop = element.scrollHeight;
  });
})();
