// While somebody types in a row, drags it, or has moved it by keys and not yet paused, its part of the page must not be
// exchanged. A module of its own because refreshing and those who hold need each other.

const holders = new Set();

export const isHeld = () => holders.size > 0;

export function hold(holder) {
  holders.add(holder);
}

export function letGo(holder) {
  if (!holders.delete(holder)) return;
  window.setTimeout(() => isHeld() || document.dispatchEvent(new CustomEvent("manager:free")), 0);
}
