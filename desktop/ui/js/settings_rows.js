// What the sections of Settings are made of: a row, a switch, a choice of a few; and how a choice is kept.

import { put } from "./api.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { state, update } from "./state.js";
import { toast } from "./toast.js";

/** A label with a hint below it, and what changes it, or its value, at the other side. */
export const row = (label, hint, control) =>
  h("div", { class: "form-row" }, h("div", null, h("p", { class: "label" }, label), hint ? h("p", { class: "hint" }, hint) : null), control ? h("div", { class: "ctl" }, control) : null);

/** A row with a switch; ``set(wanted)`` is called when it is used. */
export const toggle = (name, label, hint, isOn, set) =>
  row(label, hint, h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(isOn), "aria-label": label, "data-choice": name, onclick: () => set(!isOn) }));

/** A row with a few values of which one holds: a field of the kept settings, named by the messages set.<value>. */
export function choice(name, values, hint) {
  const label = t(`set.${name}`);
  const group = h("div", { class: "seg", role: "radiogroup", "aria-label": label }, values.map((value) => {
    const on = state.settings[name] === value;
    return h("button", { type: "button", role: "radio", "aria-checked": String(on), tabindex: on ? "0" : "-1", "data-choice": `${name}-${value}`, onclick: () => keep(name, value) }, t(`set.${value}`));
  }));
  group.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const value = values[(values.indexOf(state.settings[name]) + step + values.length) % values.length];
    keep(name, value);
    document.querySelector(`[data-choice="${name}-${value}"]`)?.focus();
  });
  return row(label, hint, group);
}

/** Keeps one of the settings: shown at once; taken back when it cannot be kept. */
export async function keep(name, value) {
  const before = state.settings;
  update({ settings: { ...before, [name]: value } });
  try {
    await put("/api/settings", { [name]: value });
  } catch (error) {
    update({ settings: before });
    toast(t("failed", { why: error.message }));
  }
}
