// SQL as text with colours. Colours only: nothing here understands SQL.

import { add, h } from "./dom.js";

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
