// A small menu below a button: arrows, letters, Enter, Escape; focus returns to the button.

import { h, icon } from "./dom.js";

let open = null;

/** items: {label, icon, sub, act, danger, checked} or "-" for a line. */
export function menu(anchor, items, { label } = {}) {
  const again = open?.anchor === anchor;
  closeMenu();
  if (again) return;
  const list = h("div", { class: "pop", role: "menu", "aria-label": label ?? anchor.getAttribute("aria-label") });
  for (const item of items) list.append(item === "-" ? h("hr") : entry(item));
  list.addEventListener("keydown", keys);
  document.body.append(list);
  place(list, anchor);
  anchor.setAttribute("aria-expanded", "true");
  open = { anchor, list };
  setTimeout(() => open?.list === list && addEventListener("pointerdown", outside, true)); // not when it is shut again already
  addEventListener("resize", closeMenu);
  (list.querySelector('[aria-checked="true"]') ?? list.querySelector("button"))?.focus();
}

export function closeMenu() {
  if (!open) return;
  removeEventListener("pointerdown", outside, true);
  removeEventListener("resize", closeMenu);
  open.anchor.setAttribute("aria-expanded", "false");
  const held = open.list.contains(document.activeElement);
  open.list.remove();
  if (held) open.anchor.focus({ preventScroll: true });
  open = null;
}

function entry(item) {
  const checkable = item.checked !== undefined;
  const words = h("span", { class: "grow" }, item.label, item.sub ? h("span", { class: "sub" }, item.sub) : null);
  const choose = () => {
    closeMenu();
    item.act();
  };
  return h("button", {
    type: "button",
    role: checkable ? "menuitemradio" : "menuitem",
    "aria-checked": checkable ? String(item.checked) : null,
    class: item.danger ? "danger" : null,
    tabindex: "-1",
    onclick: choose,
  }, item.icon ? icon(item.icon) : null, words, checkable && item.checked ? icon("check") : null);
}

function place(list, anchor) {
  const at = anchor.getBoundingClientRect();
  const box = list.getBoundingClientRect();
  const below = at.bottom + 4 + box.height <= innerHeight - 8;
  list.style.top = `${Math.max(8, below ? at.bottom + 4 : at.top - 4 - box.height)}px`;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.width - 8))}px`;
}

function outside(event) {
  if (!open.list.contains(event.target) && !open.anchor.contains(event.target)) closeMenu();
}

function keys(event) {
  const items = [...open.list.querySelectorAll("button")];
  const at = items.indexOf(document.activeElement);
  const to = { ArrowDown: (at + 1) % items.length, ArrowUp: (at - 1 + items.length) % items.length, Home: 0, End: items.length - 1 }[event.key];
  if (to !== undefined) items[to].focus();
  else if (event.key === "Escape" || event.key === "Tab") closeMenu();
  else if (event.key.length === 1 && /\S/.test(event.key)) {
    items.find((item) => item.textContent.toLowerCase().startsWith(event.key.toLowerCase()))?.focus();
    return;
  } else return;
  event.preventDefault();
  event.stopPropagation();
}
