// One question before something is done that cannot be undone. Escape and Cancel leave everything as it is.

import { button, h } from "./dom.js";

/** True when the person says so. ``word``: a text that must be typed first. */
export function confirm({ title, text, act, danger = true, word = "" }) {
  return new Promise((resolve) => {
    const typed = h("input", { type: "text", autocomplete: "off", spellcheck: "false", "aria-label": `Type ${word} to confirm` });
    const yes = button(danger ? "btn danger" : "btn primary", null, act, () => dialog.close("yes"), { disabled: Boolean(word) });
    const no = button("btn", null, "Cancel", () => dialog.close(""));
    typed.addEventListener("input", () => (yes.disabled = typed.value !== word));
    typed.addEventListener("keydown", (event) => event.key === "Enter" && !yes.disabled && dialog.close("yes"));
    const dialog = h("dialog", { class: "ask", "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      h("h2", { id: "ask-title" }, title), h("div", { id: "ask-text", class: "stack" }, text),
      word ? h("label", { class: "entry" }, h("span", null, "Type ", h("b", null, word), " to confirm"), h("span", { class: "field" }, typed)) : null,
      h("div", { class: "acts" }, no, yes));
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    document.body.append(dialog);
    dialog.showModal();
    (word ? typed : no).focus();
  });
}
