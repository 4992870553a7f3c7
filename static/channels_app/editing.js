// Whether a name or number is being edited in its place; a module of its own because editing and refreshing need each other.

let editing = false;

export const isEditing = () => editing;

export function setEditing(now) {
  if (editing && !now) window.setTimeout(() => editing || document.dispatchEvent(new CustomEvent("inline:done")), 0);
  editing = now;
}
