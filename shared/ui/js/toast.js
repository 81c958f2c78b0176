// A word at the foot of the window that goes by itself, with one thing to do at most.

import { announce, by, h } from "./dom.js";

const STAYS = 4000;
const STAYS_WITH_ACTION = 9000;

export function toast(text, action) {
  const element = h("div", { class: action ? "toast" : "toast plain" }, h("span", null, text));
  let timer = 0;
  const go = () => {
    clearTimeout(timer);
    element.remove();
  };
  if (action) {
    element.append(h("button", { type: "button", onclick: () => (go(), action.act()) }, action.label));
  }
  const wait = () => (timer = setTimeout(go, action ? STAYS_WITH_ACTION : STAYS));
  for (const stop of ["pointerenter", "focusin"]) element.addEventListener(stop, () => clearTimeout(timer));
  for (const start of ["pointerleave", "focusout"]) element.addEventListener(start, wait);
  const all = by("toasts");
  while (all.childElementCount > 2) all.firstElementChild.remove();
  all.append(element);
  announce(text);
  wait();
  return go;
}
