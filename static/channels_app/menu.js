// Row menus and context menus: one at a time, made from a template, placed where there is room.

import { counted, idOf, rowOf } from "./dom.js";
import { keepUsable } from "./may_edit.js";
import * as selection from "./selection.js";

let open = null;

export const isMenuOpen = () => Boolean(open);
export const isMenuOf = (button) => open?.button === button;
export const menuSubject = () => open?.subject ?? null;

// ``at``: the button it belongs to, or the point of a right-click.
export function openMenu(kind, subject, at) {
  closeMenu();
  const template = document.getElementById(`menu-${kind}`);
  const menu = template.content.firstElementChild.cloneNode(true);
  for (const entry of menu.querySelectorAll(".dropdown-item")) entry.setAttribute("role", "menuitem");
  settle(menu, subject);
  document.body.append(menu);
  keepUsable(menu);
  if (!menu.querySelector(".dropdown-item:not([hidden])")) return void menu.remove();
  place(menu, at);
  open = { menu, subject, kind, button: at instanceof Element ? at : null, before: document.activeElement };
  open.button?.setAttribute("aria-expanded", "true");
  items(menu)[0]?.focus();
}

export function closeMenu({ refocus = false } = {}) {
  if (!open) return;
  const { menu, button, before } = open;
  open = null;
  menu.remove();
  button?.removeAttribute("aria-expanded");
  if (refocus) (button ?? before)?.focus?.();
}

const items = (menu) => [...menu.querySelectorAll("[role=menuitem]")].filter((item) => !item.closest("[hidden]") && !item.disabled);

// A group that auto-sync fills cannot be deleted, only hidden.
const isSynced = (subject) => Boolean(subject.querySelector?.(":scope > .cm-group-head[data-synced]"));

// Shows what makes sense for this row.
function settle(menu, subject) {
  const many = selection.streamCount() > 1;
  const holds = {
    visible: !subject.classList.contains("is-hidden"),
    hidden: subject.classList.contains("is-hidden"),
    named: Boolean(idOf(subject)),
    streams: selection.streamCount() > 0,
    playable: !subject.querySelector?.(":scope > .cm-row > .cm-streams-count.is-none"),
    selected: selection.channelCount() > 0,
    several: selection.channelCount() > 1,
    many,
    one: !many,
    manual: Boolean(idOf(subject)) && !isSynced(subject),
    synced: isSynced(subject),
    custom: !many && subject.classList.contains("is-custom"),
    insertable: selection.streamCount() > 0 && /\d/.test(subject.querySelector?.(":scope > .cm-row > .cm-number")?.textContent ?? ""),
  };
  for (const element of menu.querySelectorAll("[data-when]")) element.hidden = !holds[element.dataset.when];
  const heading = menu.querySelector("[data-count]");
  if (heading) {
    const isStream = subject.classList.contains("cm-source");
    heading.textContent = isStream ? counted(selection.streamCount(), "stream") : counted(selection.channelCount(), "channel");
  }
}

function place(menu, at) {
  const size = menu.getBoundingClientRect();
  const box = at instanceof Element ? at.getBoundingClientRect() : { left: at.x, right: at.x, top: at.y, bottom: at.y };
  let left = at instanceof Element ? box.right - size.width : box.left;
  let top = box.bottom + 2;
  if (top + size.height > window.innerHeight - 8) top = Math.max(8, box.top - size.height - 2);
  left = Math.min(Math.max(8, left), window.innerWidth - size.width - 8);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

document.addEventListener("pointerdown", (event) => {
  if (open && !open.menu.contains(event.target) && !open.button?.contains(event.target)) closeMenu();
});
document.addEventListener("scroll", (event) => open?.menu !== event.target && closeMenu(), { capture: true, passive: true });
window.addEventListener("resize", () => closeMenu());
// On the window: Tabler's script listens on the document and would move the focus to its own menus first.
window.addEventListener(
  "keydown",
  (event) => {
    if (!open) return;
    const list = items(open.menu);
    const at = list.indexOf(document.activeElement);
    const steps = { ArrowDown: at + 1, ArrowUp: at - 1 + list.length, Home: 0, End: list.length - 1 };
    if (event.key in steps) {
      event.preventDefault();
      event.stopImmediatePropagation();
      list[steps[event.key] % list.length]?.focus();
    } else if (event.key === "Escape" || event.key === "Tab") {
      event.preventDefault();
      event.stopImmediatePropagation();
      closeMenu({ refocus: true });
    }
  },
  true,
);

// Which menu belongs to a row: a ticked one speaks for the whole selection.
export function menuFor(element) {
  const row = rowOf(element);
  const group = element.closest(".cm-group");
  if (row?.classList.contains("cm-channel")) {
    const isMany = selection.isPicked(row) && selection.channelCount() > 1;
    return { kind: isMany ? "channels" : "channel", subject: row };
  }
  if (row) return { kind: "stream", subject: row };
  if (group) return { kind: group.closest("[data-tree]").dataset.tree === "channels" ? "group" : "stream-group", subject: group };
  return null;
}
