// The drawer at the right: one thing opened, a form or all that is known of it. Escape closes it.

import { confirm } from "./confirm.js";
import { by, h, iconButton } from "./dom.js";

const place = () => by("drawer");
let opened = null;

/** ``body`` and ``foot`` are nodes; ``onClose`` says where to go. ``dirty()`` true: it asks before it closes. */
export function openDrawer(title, body, { foot = [], onClose, dirty = () => false, wide = false } = {}) {
  const from = opened?.from ?? document.activeElement;
  opened = { onClose, dirty, from };
  const heading = h("h2", { class: "cut grow", tabindex: "-1" }, title);
  place().replaceChildren(
    h("div", { class: "drawer-h" }, heading, iconButton("x", "Close", () => leave())),
    h("div", { class: "drawer-body pad" }, body), foot.length ? h("div", { class: "drawer-foot" }, foot) : "");
  place().setAttribute("aria-label", title);
  place().hidden = false;
  by("app").classList.add("with-drawer");
  by("app").classList.toggle("wide-drawer", wide);
  const first = place().querySelector(".drawer-body :is(input, select, textarea):not([readonly], [type=hidden], :disabled)");
  (first ?? heading).focus({ preventScroll: true });
}

/** Takes it away, asking nothing. */
export function shutDrawer() {
  if (!opened) return;
  const { from } = opened;
  opened = null;
  by("app").classList.remove("with-drawer", "wide-drawer");
  const held = place().contains(document.activeElement);
  place().hidden = true;
  place().replaceChildren();
  if (held && from?.isConnected) from.focus({ preventScroll: true });
}

/** False when the person wants to stay with what they have typed. */
export async function mayLeave() {
  if (!opened?.dirty()) return true;
  return confirm({ title: "Leave without saving?", text: "What you have typed here is not saved.", act: "Leave", danger: false });
}

async function leave() {
  const { onClose } = opened;
  if (!(await mayLeave())) return;
  shutDrawer();
  onClose?.();
}

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented || !opened || document.querySelector("dialog[open], .pop")) return;
  event.preventDefault();
  leave();
});
