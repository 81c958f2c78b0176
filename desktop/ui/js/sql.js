// SQL as text with colours, and an editor for it. Colours only: nothing here understands SQL.

import { add, h, icon } from "./dom.js";
import { t } from "./messages.js";

const KEYWORDS = new Set(
  ("ALL AND ANY AS ASC BETWEEN BY CASE CAST CROSS CURRENT DATE DESC DISTINCT ELSE END EXCEPT EXISTS EXTRACT FALSE FILTER FIRST FOLLOWING " +
    "FROM FULL GROUP HAVING IN INNER INTERSECT INTERVAL IS JOIN LAST LATERAL LEFT LIKE ILIKE LIMIT NOT NULL NULLS OFFSET ON OR ORDER OUTER OVER " +
    "PARTITION PRECEDING QUALIFY RANGE RECURSIVE RIGHT ROW ROWS SELECT THEN TOP TRUE UNBOUNDED UNION USING VALUES WHEN WHERE WINDOW WITH").split(" "),
);
const TOKENS = /(--[^\n]*|\/\*[\s\S]*?\*\/)|('(?:[^']|'')*')|("(?:[^"]|"")*"|`[^`]*`|\[[^\]]*\])|(:[A-Za-z_]\w*)|(\b\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)|([A-Za-z_]\w*)/g;

export function highlight(text) {
  const parts = [];
  let at = 0;
  for (const found of text.matchAll(TOKENS)) {
    const [token, comment, string, , param, number, word] = found;
    const kind = comment ? "c" : string ? "s" : param ? "p" : number ? "n" : word && KEYWORDS.has(word.toUpperCase()) ? "k" : "";
    if (!kind) continue;
    parts.push(text.slice(at, found.index), h("span", { class: kind }, token));
    at = found.index + token.length;
  }
  parts.push(text.slice(at));
  return parts;
}

/** What a step or a result ran. Text that is no SQL passes through unharmed. */
export function sqlBlock(text) {
  return add(h("pre", { class: "sql", tabindex: "0" }), highlight(text));
}

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
