// What people who may only look do not have: keys, drag and double clicks that change something, and the menu entries that
// the style sheet hides (looking.css). The server refuses all of it anyway; this keeps the page from offering it.

export const mayEdit = document.body.dataset.role !== "viewer";

const KEYS = ["F2", "e", "#", "Delete"];

// Whether a key of the lists would change something.
export function editsByKey(event) {
  if (event.ctrlKey || event.metaKey) return event.key.toLowerCase() === "z" || event.key.toLowerCase() === "a";
  if (event.altKey) return ["ArrowUp", "ArrowDown", "Home", "End"].includes(event.key);
  if (event.key === " ") return !event.target.matches?.("a, button, input, summary, select, textarea");
  return KEYS.includes(event.key) || (event.key === "Enter" && event.target.matches?.(".cm-name"));
}

// Entries of a menu that is on the page: what is hidden by the style sheet is taken out, with the lines around it.
export function keepUsable(menu) {
  if (mayEdit) return;
  for (const entry of menu.querySelectorAll(".dropdown-item")) if (getComputedStyle(entry).display === "none") entry.remove();
  for (const line of menu.querySelectorAll(".dropdown-divider")) {
    const next = line.nextElementSibling;
    if (!line.previousElementSibling || !next || next.matches(".dropdown-divider")) line.remove();
  }
}
