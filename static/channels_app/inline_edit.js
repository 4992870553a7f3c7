// Editing a name or a number in its place: Enter or leaving saves, Esc cancels, an error stays beside the field.

import { idOf, post, textOf } from "./dom.js";
import { hold, letGo } from "./holding.js";
import { whenRefreshed } from "./refresh.js";

const FIELDS = {
  name: { path: "name/", label: "Channel name", place: ".cm-name", longest: 512 },
  number: { path: "number/", label: "Channel number, empty for none", place: ".cm-number", longest: 20 },
};

let current = null;

export function edit(item, field) {
  const spec = FIELDS[field];
  const shown = item?.querySelector(`.cm-row > ${spec.place}`);
  if (!shown || current?.shown === shown) return;
  if (current) finish(current);
  const old = field === "number" && textOf(shown) === "–" ? "" : textOf(shown);
  const box = document.createElement("span");
  box.className = `cm-inline is-${field}`;
  const input = document.createElement("input");
  Object.assign(input, { type: "text", value: old, maxLength: spec.longest, autocomplete: "off", spellcheck: false });
  input.setAttribute("aria-label", spec.label);
  if (field === "number") input.inputMode = "decimal";
  const error = document.createElement("span");
  error.className = "cm-inline-error";
  error.id = "inline-error";
  error.setAttribute("role", "alert");
  input.setAttribute("aria-describedby", error.id);
  box.append(input, error);
  shown.hidden = true;
  shown.after(box);
  current = { item, field, shown, box, input, error, old, saving: false };
  input.addEventListener("keydown", onKey);
  input.addEventListener("blur", () => save(current));
  hold("edit");
  input.focus();
  input.select();
}

function onKey(event) {
  event.stopPropagation(); // the list's own keys must not act while somebody types
  const editing = current;
  if (event.key === "Enter") {
    event.preventDefault();
    save(editing, { refocus: true });
  } else if (event.key === "Escape") {
    event.preventDefault();
    finish(editing, { refocus: true });
  } else if (event.key === "Tab") {
    const other = editing.field === "number" ? "name" : "number";
    if ((editing.field === "number") === !event.shiftKey) {
      event.preventDefault();
      editOther(editing, other);
    }
  }
}

// The number first puts the row in its new place; only then is the other field opened.
async function editOther(editing, other) {
  if (!(await save(editing))) return;
  await whenRefreshed();
  edit(document.getElementById(editing.item.id), other);
}

async function save(editing, options = {}) {
  if (!editing || editing !== current || editing.saving) return false;
  const value = editing.input.value.trim();
  if (value === editing.old || (editing.field === "name" && !value)) {
    finish(editing, options);
    return true;
  }
  editing.saving = true;
  const spec = FIELDS[editing.field];
  editing.error.textContent = "";
  const saved = await post(`${idOf(editing.item)}/${spec.path}`, { value }, { target: editing.error, swap: "textContent" });
  editing.saving = false;
  if (saved) {
    editing.shown.textContent = value || "–";
    finish(editing, options);
    return true;
  }
  editing.input.setAttribute("aria-invalid", "true");
  if (!editing.error.textContent) editing.error.textContent = "Not saved. Try again, or press Esc to leave it as it was.";
  if (document.activeElement === document.body || options.refocus) editing.input.focus();
  return false;
}

function finish(editing, { refocus = false } = {}) {
  if (editing !== current) return;
  current = null;
  letGo("edit");
  editing.box.remove();
  editing.shown.hidden = false;
  if (refocus) document.getElementById(editing.item.id)?.querySelector(".cm-name")?.focus();
}
