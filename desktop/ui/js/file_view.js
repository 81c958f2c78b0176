// One file on the page Files: what is known of it, its outline, its text a part at a time.

import { get, post } from "./api.js";
import { button, h, icon } from "./dom.js";
import { wayUp } from "./file_path.js";
import { bytes, moment, number } from "./format.js";
import { t } from "./messages.js";
import { sheetAddress } from "./sheet_table.js";
import { toast } from "./toast.js";
import { query } from "./wire.js";

const UNITS = { page: "files.page", part: "files.part", sheet: "files.sheetOf" };

export class FileView {
  /** ``page`` is the Files place: ask(entry), remove(entry). */
  constructor(page) {
    this.page = page;
    this.element = h("div");
  }

  async show(path, part = 1) {
    this.wanted = `${path} ${part}`;
    const wanted = this.wanted;
    if (this.path !== path) this.element.replaceChildren(h("div", { class: "page" }, h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("files.loading"))));
    this.path = path;
    try {
      const told = await get(`/api/files/document?${query({ path, part })}`);
      if (this.wanted === wanted) this.draw(told);
    } catch (error) {
      if (this.wanted === wanted) this.element.replaceChildren(h("div", { class: "page" }, h("p", { class: "bad" }, t("files.failed", { path, why: error.message }))));
    }
  }

  draw({ file, place, document, why }) {
    this.element.replaceChildren(h("div", { class: "page file-view" }, this.head(file, place, document), document ? this.body(document) : this.unread(why)));
  }

  head(file, place, document) {
    const facts = [t(`files.kind.${document?.kind ?? file.kind}`), bytes(file.size), file.modified_at ? moment(file.modified_at) : null, ...counts(document)];
    return h("div", { class: "page-h" },
      h("div", { class: "grow" }, wayUp(file.path), h("h2", null, file.name), h("p", { class: "quiet" }, facts.filter(Boolean).join(" · ")), h("p", { class: "quiet small where" }, place || file.path)),
      h("div", { class: "acts" },
        document ? button("btn primary", null, t("files.ask"), () => this.page.ask(file)) : null,
        ["csv", "workbook"].includes(file.kind) ? h("a", { class: "btn", href: sheetAddress(file.path) }, t("sheets.what")) : null,
        button("btn", null, t("files.open"), () => this.open(file, "program")),
        this.page.isDropped(file) ? button("btn", null, t("files.remove"), () => this.page.remove(file)) : button("btn", null, t("files.openFolder"), () => this.open(file, "folder"))));
  }

  unread(why) {
    return h("div", { class: "notice", role: "note" }, icon("warn"), h("div", null, h("h3", { class: "strong" }, t("files.unread")), h("p", { class: "quiet" }, why)));
  }

  body(document) {
    const label = document.sheets.length ? t("files.first") : t("files.text");
    return [
      document.notes.map((note) => h("p", { class: "note row" }, icon("info"), h("span", null, note))),
      document.sheets.length ? this.sheets(document.sheets) : null,
      document.outline.length ? h("section", null, h("h3", { class: "sec-h" }, t("files.outline")), h("ul", { class: "outline" }, document.outline.map((line) => h("li", null, line.trim())))) : null,
      h("section", null, h("div", { class: "row sec-row" }, h("h3", { class: "sec-h grow" }, label), this.pager(document)),
        document.text ? h("pre", { class: "sql file-text", tabindex: "0", role: "region", "aria-label": label }, document.text) : h("p", { class: "quiet" }, t("files.noText"))),
      h("section", { class: "sees" }, h("h3", { class: "sec-h" }, t("files.sees")), h("p", { class: "quiet" }, t("files.seesWhy"))),
    ];
  }

  sheets(sheets) {
    return h("section", null, h("h3", { class: "sec-h" }, t("files.tables")), h("ul", { class: "sheets" }, sheets.map((sheet) =>
      h("li", null, h("div", { class: "row" }, icon("table"), h("span", { class: "strong grow cut" }, sheet.name || t("files.columns")), sheet.rows === null ? null : h("span", { class: "quiet nowrap" }, t("table.rows", { count: number(sheet.rows) }))),
        h("div", { class: "samples" }, sheet.columns.map((name) => h("span", { class: "tag" }, name)))))));
  }

  pager({ part, parts, unit }) {
    if (parts < 2) return null;
    const go = (to) => this.show(this.path, to);
    return h("div", { class: "row" }, button("btn small", null, t("files.before"), () => go(part - 1), { disabled: part <= 1 }), h("span", { class: "quiet nowrap" }, t(UNITS[unit], { part: number(part), parts: number(parts) })),
      button("btn small", null, t("files.next"), () => go(part + 1), { disabled: part >= parts }));
  }

  async open(file, how) {
    try {
      await post("/api/files/open", { path: file.path, how });
    } catch (error) {
      toast(error.message);
    }
  }
}

function counts(document) {
  if (!document) return [];
  const { words, lines, parts, unit, kind } = document;
  return [
    unit === "page" ? t("files.pages", { count: number(parts) }) : null,
    unit === "sheet" ? t("files.sheets", { count: number(parts) }) : null,
    words !== null && kind !== "csv" ? t("files.words", { count: number(words) }) : null,
    lines !== null && kind !== "word" ? t("files.lines", { count: number(lines) }) : null,
  ];
}
