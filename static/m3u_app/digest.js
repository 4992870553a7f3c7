// The form of the digest: only the fields that a frequency uses are shown, and a test needs somewhere to go.
(() => {
  "use strict";
  const form = () => document.getElementById("digest-form");

  function update() {
    const found = form();
    if (!found) return;
    const frequency = found.elements.frequency.value;
    for (const part of found.querySelectorAll("[data-digest-for]")) {
      part.hidden = !part.dataset.digestFor.split(" ").includes(frequency);
    }
    const test = found.querySelector("[data-digest-test]");
    if (test) {
      const chosen = ["send_to_discord", "send_to_telegram", "send_to_alert_methods"].some((name) => found.elements[name].checked);
      test.disabled = !chosen && !found.elements.email_recipients.value.trim();
    }
  }

  document.addEventListener("input", (event) => event.target.form === form() && update());
  document.addEventListener("change", (event) => event.target.form === form() && update());
  update();
})();
