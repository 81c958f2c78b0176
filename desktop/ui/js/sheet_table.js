// One table of a spreadsheet: where it lies, what was left out, its columns and first rows, and the ways to say it
// was understood wrongly. What changes is told to the page by correct().

import { button, h, icon } from "./dom.js";
import { cell, number } from "./format.js";
import { t } from "./messages.js";

const WISHES = ["text", "number", "decimal_comma", "date", "day_first", "month_first"];
const NUMBERS = new Set(["integer", "decimal", "float"]);

export const sheetAddress = (path) => `#/sheets/${encodeURIComponent(path)}`;

/** wish is what the person said before; correct(changes) keeps more of it, and reads the file again. */
export function tableView(table, { name, rows }, wish, correct) {
  const heading = table.heading_rows.length ? t("sheets.headingRow", { rows: table.heading_rows.join("–") }) : t("sheets.noHeading");
  return h("section", { class: "found stack", "aria-label": t("sheets.table", { name }) },
    h("div", null,
      h("h4", null, h("code", null, name)),
      h("p", { class: "quiet small" }, t("sheets.facts", { range: table.range, rows: number(table.row_count), heading }))),
    table.notes.length ? h("ul", { class: "notes" }, table.notes.map((note) => h("li", null, note))) : null,
    leftOut(table),
    columns(table, name, wish, correct),
    sample(table, name, rows),
    corrections(table, name, wish, correct));
}

function leftOut(table) {
  if (!table.left_out.length) return h("p", { class: "quiet small" }, t("sheets.nothingLeftOut"));
  return h("details", { class: "left-out", open: table.left_out.some(({ why }) => why === "total") },
    h("summary", null, t("sheets.leftOut"), " · ", table.left_out.map((each) => `${t(`sheets.why.${each.why}`)} (${number(each.count)})`).join(", ")),
    h("ul", null, table.left_out.map((each) => h("li", null,
      h("span", { class: "strong" }, t(`sheets.why.${each.why}`)), " ",
      h("span", { class: "quiet small" }, where(each)),
      each.texts.length ? h("ul", { class: "texts" }, each.texts.slice(0, 6).map((text) => h("li", null, text))) : null))));
}

function where({ count, rows }) {
  if (!rows.length) return t("table.rows", { count: number(count) });
  const shown = rows.slice(0, 8).join(", ") + (count > 8 ? " …" : "");
  return t("sheets.rowsAt", { rows: shown, count: rows.length });
}

function columns(table, name, wish, correct) {
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": t("sheets.columns", { name }) },
    h("table", { class: "kinds" },
      h("thead", null, h("tr", null, ["sheets.column", "sheets.type", "sheets.about"].map((head) => h("th", { scope: "col" }, t(head))))),
      h("tbody", null, table.columns.map((column) => h("tr", null,
        h("th", { scope: "row" }, h("code", null, column.name)),
        h("td", null, typeChoice(column, wish, correct)),
        h("td", null, about(column)))))));
}

function typeChoice(column, wish, correct) {
  const chosen = wish.types?.[column.name] ?? "";
  const found = t(`sheets.kind.${column.type}`);
  const select = h("select", {
    "aria-label": t("sheets.typeOf", { column: column.name }),
    onchange: () => {
      const types = { ...wish.types };
      if (select.value) types[column.name] = select.value;
      else delete types[column.name];
      correct({ types });
    },
  }, h("option", { value: "" }, chosen ? t("sheets.as.auto", { type: "…" }) : t("sheets.as.auto", { type: found })),
    WISHES.map((each) => h("option", { value: each, selected: each === chosen }, t(`sheets.as.${each}`))));
  return h("div", null, h("span", { class: "field select" }, select, icon("down")), column.doubt ? h("span", { class: "tag warn" }, t("sheets.check")) : null);
}

function about(column) {
  const parts = column.notes.map((note) => h("div", null, note));
  if (column.unread) parts.push(h("div", { class: "warn" }, t("sheets.unread", { count: number(column.unread), examples: column.examples.map((each) => `“${each}”`).join(", ") })));
  if (!column.filled && !column.unread) parts.push(h("div", { class: "quiet" }, t("sheets.empty")));
  return parts;
}

function sample(table, name, rows) {
  const format = (column) => (NUMBERS.has(column.type) ? "number" : column.type === "date" ? "date" : "text");
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": t("sheets.first", { name }) },
    h("table", { class: "first" },
      h("thead", null, h("tr", null, table.columns.map((column) => h("th", { scope: "col", class: NUMBERS.has(column.type) ? "num" : null }, column.name)))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((value, at) => h("td", { class: NUMBERS.has(table.columns[at].type) ? "num" : null }, value === null ? "" : cell(value, format(table.columns[at])))))))));
}

function corrections(table, name, wish, correct) {
  const row = h("input", { type: "number", min: "0", max: "1048576", "aria-label": t("sheets.headerOf", { name }), value: String(wish.header_row ?? table.heading_rows.at(-1) ?? 0) });
  const check = (label, on, act) => h("label", { class: "row" }, h("input", { type: "checkbox", checked: on, onchange: (event) => act(event.target.checked) }), h("span", null, label));
  return h("form", { class: "mend row", onsubmit: (event) => (event.preventDefault(), correct({ header_row: Number(row.value) })) },
    h("label", { class: "row" }, h("span", null, t("sheets.header")), h("span", { class: "field" }, row)), h("span", { class: "quiet small" }, t("sheets.headerNone")),
    h("button", { type: "submit", class: "btn small" }, icon("again"), h("span", null, t("sheets.use"))),
    check(t("sheets.keepTotals"), table.kept_totals, (on) => correct({ keep_totals: on })),
    check(t("sheets.fillDown"), wish.fill_down ?? table.notes.some((note) => note.includes("get the value above")), (on) => correct({ fill_down: on })));
}

export const stopButton = (act) => button("btn small", "stop", t("sheets.stop"), act);
