// The Spreadsheets place: those that were granted, and what was understood of one of them.

import { get, post, put, stream } from "./api.js";
import { announce, button, h, icon } from "./dom.js";
import { number } from "./format.js";
import { t } from "./messages.js";
import { sheetAddress, stopButton, tableView } from "./sheet_table.js";

const nameOf = (path) => path.split("/").at(-1);

export class Sheets {
  constructor(app) {
    this.app = app;
    this.title = "sheets.title";
    this.body = h("div", { class: "page understood stack" });
    this.element = h("div", { class: "scroll", tabindex: "-1" }, this.body);
  }

  show(path) {
    this.leave();
    this.path = path || null;
    if (this.path) this.open();
    else this.list();
  }

  leave() {
    this.reading?.abort();
    this.reading = null;
  }

  say(...what) {
    this.body.replaceChildren(...what.flat().filter(Boolean));
  }

  async list() {
    const head = h("p", { class: "quiet" }, t("sheets.lead"));
    this.say(head, h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("sheets.looking")));
    try {
      const { files } = await get("/api/sheets");
      if (this.path) return;
      const rows = files.map((file) => h("li", null, h("a", { class: "conn", href: sheetAddress(file.path) },
        h("span", { class: "row strong" }, icon("table"), h("span", { class: "cut" }, nameOf(file.path))),
        h("span", { class: "quiet small" }, [file.path, file.opened ? t("sheets.counts", { tables: number(file.tables), rows: number(file.rows) }) : t("sheets.notYet")].join(" · ")))));
      this.say(head, rows.length ? h("ul", { class: "conns" }, rows) : h("p", { class: "quiet" }, t("sheets.none")));
    } catch (error) {
      this.say(head, h("p", { class: "bad" }, t("sheets.failedList", { why: error.message })), this.again(() => this.list()));
    }
  }

  again(act) {
    return h("div", { class: "acts" }, button("btn small primary", "again", t("retry"), act), h("a", { class: "btn small", href: "#/sheets" }, t("sheets.all")));
  }

  async open() {
    const { path } = this;
    this.table = null;
    const reading = (this.reading = new AbortController());
    const step = h("span", null, t("sheets.reading", { name: nameOf(path) }));
    const stop = () => {
      reading.abort();
      this.say(this.head(), h("p", null, t("sheets.stopped")), this.again(() => this.open()));
    };
    this.say(this.head(), h("p", { class: "row quiet", role: "status" }, h("span", { class: "spin" }), step, stopButton(stop)));
    try {
      await stream("/api/sheets/open", { path }, (event) => {
        if (reading.signal.aborted) return;
        if (event.event === "progress") step.textContent = t("sheets.step", { step: event.text });
        else if (event.event === "understood") this.draw(event);
        else if (event.event === "failed") this.fail(event.error);
      }, reading.signal);
    } catch (error) {
      if (!reading.signal.aborted) this.fail(error.message);
    }
  }

  fail(why) {
    this.say(this.head(), h("p", { class: "bad" }, t("sheets.failed", { name: nameOf(this.path), why })), this.again(() => this.open()));
  }

  head(corrected) {
    const ask = () => this.app.propose(t("sheets.question", { name: nameOf(this.path), table: this.table }));
    return h("div", { class: "page-h" },
      h("div", { class: "grow" }, h("p", { class: "small" }, h("a", { href: "#/sheets" }, t("sheets.all"))), h("h2", null, nameOf(this.path)), h("p", { class: "quiet small" }, this.path)),
      h("div", { class: "row" },
        corrected ? button("btn", "again", t("sheets.forget"), () => this.change("/api/sheets/forget", {}, post)) : null,
        this.table ? button("btn primary", null, t("sheets.ask"), ask) : null));
  }

  draw({ understood, wishes, shown }) {
    this.table = Object.values(shown)[0]?.name;
    const corrected = wishes.corrections.length || wishes.hidden_sheets.length;
    const sheets = understood.sheets.map((sheet) => this.sheet(sheet, wishes, shown));
    this.say(this.head(corrected), h("h3", { class: "sec-h" }, t("sheets.what")), understood.notes.map((note) => h("p", { class: "quiet" }, note)), sheets);
    announce(t("sheets.what"));
  }

  sheet(sheet, wishes, shown) {
    const take = (taken) => this.change("/api/sheets/hidden", { sheet: sheet.name, taken });
    const parts = sheet.name ? [h("h3", null, icon("table"), " ", t("sheets.sheet", { name: sheet.name }))] : [];
    if (sheet.notes.length) parts.push(h("ul", { class: "notes" }, sheet.notes.map((note) => h("li", null, note))));
    if (!sheet.taken) parts.push(h("p", { class: "row quiet" }, t("sheets.hidden"), button("btn small", null, t("sheets.take"), () => take(true))));
    else if (sheet.hidden) parts.push(h("p", { class: "row quiet" }, t("sheets.hiddenTaken"), button("btn small", null, t("sheets.leave"), () => take(false))));
    if (sheet.taken && !sheet.tables.length) parts.push(h("p", { class: "quiet" }, t("sheets.noTable")));
    for (const table of sheet.tables) {
      const wish = wishes.corrections.find((each) => each.sheet === table.sheet && each.table === table.number) ?? {};
      const correct = (changes) => this.change("/api/sheets/correction", { correction: { sheet: table.sheet, table: table.number, ...wish, ...changes } });
      parts.push(tableView(table, shown[`${table.sheet}\n${table.number}`] ?? { name: table.name, rows: [] }, wish, correct));
    }
    return h("section", { class: "of-sheet stack" }, parts);
  }

  async change(address, more, how = put) {
    try {
      await how(address, { path: this.path, ...more });
      await this.open();
    } catch (error) {
      this.fail(error.message);
    }
  }
}
