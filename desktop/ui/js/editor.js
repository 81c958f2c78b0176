// An editor for SQL: edit, then run or call off.

import { h, icon } from "./dom.js";
import { t } from "./messages.js";
import { highlight } from "./sql.js";

/** Edit, then run or call off. ``onRun`` gets the text. */
export function sqlEditor(sql, { onRun, onCancel }) {
  const back = h("pre", { "aria-hidden": "true" });
  const text = h("textarea", { "aria-label": t("card.editor"), spellcheck: "false", autocapitalize: "off", autocomplete: "off" });
  const paint = () => back.replaceChildren(...highlight(`${text.value}\n`));
  text.value = sql;
  text.addEventListener("input", paint);
  text.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      run();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      onCancel();
    }
  });
  const run = () => text.value.trim() && onRun(text.value.trim());
  paint();
  const element = h("div", null,
    h("div", { class: "editor" }, back, text),
    h("div", { class: "sql-tools acts" },
      h("button", { type: "button", class: "btn small primary", onclick: run }, icon("play"), t("card.run")),
      h("button", { type: "button", class: "btn small", onclick: onCancel }, t("cancel")),
      h("span", { class: "quiet small opt" }, t("card.runHint"))));
  return { element, focus: () => text.focus() };
}
