// The card of a result: what it is and how old, its table, its chart, and what can be done with it.

import { gone, marksOf, summary } from "./changes.js";
import { Chart } from "./chart.js";
import { proposal } from "./chartspec.js";
import { copyText, savePicture, saveResult } from "./clipboard.js";
import { button, h, icon } from "./dom.js";
import { sqlEditor } from "./editor.js";
import { clockOrDay, date, elapsed, moment } from "./format.js";
import { menu } from "./menu.js";
import { t } from "./messages.js";
import { Rows } from "./rows.js";
import { asText } from "./selection.js";
import { sqlBlock } from "./sql.js";
import { state, update } from "./state.js";
import { rowCount, Table } from "./table.js";
import { toast } from "./toast.js";

/** Facts in a line, with a dot between two that stand beside each other. */
export function factLine(facts) {
  const isTag = (fact) => Boolean(fact.classList?.contains("tag"));
  return h("p", { class: "card-sub" }, facts.map((fact, at) => h("span", { class: isTag(fact) ? "fact of-tag" : "fact" }, at && !isTag(facts[at - 1]) ? h("span", { class: "sep" }, "·") : null, fact)));
}

const COPIED_ROWS = 100000;

export class Card {
  /** ``turn`` may be asked to rerun(result, sql) and inspect(result, tab); ``rating`` stands at the foot. */
  constructor(result, turn, rating) {
    this.result = result;
    this.turn = turn;
    this.rows = new Rows(result);
    this.chartable = proposal(result);
    this.single = result.row_count === 1 && result.columns.length === 1 && Boolean(result.headline);
    this.body = h("div", { class: "card-body" });
    this.sqlPlace = h("div", { class: "card-sql", hidden: true });
    this.element = h("section", { class: this.single ? "card only-figure" : "card", "aria-label": t("card.result", { title: result.title }) },
      this.head(), this.body, this.sqlPlace, this.foot(rating));
    this.view(this.single ? "none" : this.chartable && (result.chart || result.columns.length <= 4) ? "both" : "table");
  }

  head() {
    const { result } = this;
    const { headline } = result;
    const facts = [];
    if (result.cached_at) facts.push(h("span", { class: "tag warn", title: t("card.cachedWhy") }, icon("clock"), t("card.cached", { when: clockOrDay(result.cached_at) })));
    if (result.as_of) facts.push(t("card.asOf", { when: date(result.as_of) }));
    facts.push(h("span", { title: moment(result.ran_at) }, t("card.ran", { when: clockOrDay(result.ran_at) })));
    facts.push(result.connection, elapsed(result.elapsed_ms));
    const about = h("div", { class: "grow" }, h("h2", { class: "card-title" }, result.title));
    if (headline) {
      const tone = { up: "ok", down: "bad" }[headline.trend] ?? "quiet";
      about.append(h("p", { class: "headline" }, h("span", { class: "big" }, headline.value),
        headline.delta ? h("span", { class: `delta ${tone}` }, headline.delta) : null,
        headline.label && !result.title.toLowerCase().includes(headline.label.toLowerCase()) ? h("span", { class: "label" }, headline.label) : null));
    }
    return h("div", { class: "card-head" }, about, this.chartable && !this.single ? this.views() : null, factLine(facts));
  }

  /** What has changed since the result that stood here was kept. */
  compare(event) {
    this.marks = marksOf(event);
    this.table?.mark(this.marks);
    this.body.before(summary(event));
    const lost = gone(event, this.result);
    if (lost) this.body.after(lost);
    if (event.headline_before) this.element.querySelector(".headline .big")?.after(h("del", null, event.headline_before));
  }

  views() {
    this.viewButtons = ["table", "chart", "both"].map((name) =>
      h("button", { type: "button", "aria-pressed": "false", "aria-label": t(`card.${name}`), onclick: () => this.view(name) },
        icon(name === "chart" ? "column" : name), h("span", { class: "word" }, t(`card.${name}`))));
    return h("div", { class: "seg", role: "group", "aria-label": t("card.view") }, this.viewButtons);
  }

  view(name) {
    this.viewButtons?.forEach((press, at) => press.setAttribute("aria-pressed", String(["table", "chart", "both"][at] === name)));
    const parts = [];
    if (name === "table" || name === "both") parts.push(this.tableElement());
    if (name === "chart" || name === "both") parts.push(this.chartElement());
    this.body.className = name === "both" ? `card-body both${this.result.columns.length > 4 ? " stacked" : ""}` : "card-body";
    this.body.hidden = !parts.length;
    this.body.replaceChildren(...parts);
    this.shown = name;
  }

  tableElement() {
    this.table ??= new Table(this.rows, { title: this.result.title, truncated: this.result.truncated });
    if (this.marks) this.table.mark(this.marks);
    return this.table.element;
  }

  chartElement() {
    this.chart ??= new Chart(this.result, this.chartable, new Rows(this.result));
    return this.chart.element;
  }

  foot(rating) {
    this.sqlButton = button("ghost", "code", t("card.sql"), () => this.toggleSql(), { "aria-expanded": "false", title: t("card.sql") });
    const exportButton = button("ghost", "export", t("export"), (event) => this.exports(event.currentTarget), { "aria-haspopup": "menu", "aria-expanded": "false", title: t("export") });
    return h("div", { class: "card-foot" }, this.sqlButton,
      button("ghost", "edit", t("card.edit"), () => this.edit(), { title: t("card.edit") }), exportButton,
      button("ghost", "copy", t("copy"), () => this.copy(), { title: t("card.copyTable") }),
      button("ghost", "clock", t("card.schedule"), () => this.schedule(), { title: t("card.schedule") }),
      button("ghost", "panel", t("card.inspect"), () => this.turn.inspect(this, "receipt"), { title: t("card.inspect") }),
      h("span", { class: "end" }, rating));
  }

  /** The form of a new task, filled with what this answer came from. */
  schedule() {
    const { title, connection, sql } = this.result;
    const local = !state.connections.some(({ name }) => name === connection);
    update({ taskDraft: { name: title, question: this.turn.question, connection: local ? null : connection, sql: this.turn.edited ? sql : null } });
    location.hash = "#/tasks/new";
  }

  toggleSql() {
    if (this.sqlPlace.hidden || this.sqlPlace.dataset.mode !== "show") this.showSql(sqlBlock(this.result.sql), "show");
    else this.hideSql();
  }

  showSql(content, mode) {
    this.sqlPlace.replaceChildren(content);
    if (mode === "show") {
      this.sqlPlace.append(h("div", { class: "sql-tools" }, button("ghost", "copy", t("card.copySql"), () => copyText(this.result.sql))));
    }
    this.sqlPlace.dataset.mode = mode;
    this.sqlPlace.hidden = false;
    this.sqlButton.setAttribute("aria-expanded", String(mode === "show"));
    this.sqlButton.lastChild.textContent = t(mode === "show" ? "card.hideSql" : "card.sql");
  }

  hideSql() {
    this.sqlPlace.hidden = true;
    this.sqlPlace.replaceChildren();
    this.sqlButton.setAttribute("aria-expanded", "false");
    this.sqlButton.lastChild.textContent = t("card.sql");
  }

  edit() {
    const editor = sqlEditor(this.result.sql, {
      onRun: (sql) => {
        if (this.turn.rerun(this.result, sql)) this.hideSql();
      },
      onCancel: () => {
        this.hideSql();
        this.sqlButton.focus();
      },
    });
    this.showSql(editor.element, "edit");
    editor.focus();
  }

  exports(anchor) {
    const items = ["csv", "xlsx", "json"].map((format) => ({
      label: t(`card.${format}`), icon: format === "xlsx" ? "table" : "file", act: () => saveResult(this.result.result_id, format),
    }));
    if (this.chartable) items.push({ label: t("card.png"), icon: "image", act: () => this.savePicture() });
    menu(anchor, items, { label: t("export") });
  }

  async savePicture() {
    if (!this.chart?.element.isConnected) this.view("both");
    try {
      const name = `${this.result.title.replace(/[^\p{L}\p{N} ,.–-]/gu, "").trim() || "chart"}.png`;
      await savePicture(name, await this.chart.picture());
    } catch {
      toast(t("chart.failed"));
    }
  }

  async copy() {
    try {
      const rows = await this.rows.range(0, Math.min(this.rows.count, COPIED_ROWS));
      await copyText(asText(rows, this.result.columns), t("card.copiedRows", { rows: rowCount(rows.length) }));
    } catch (error) {
      toast(t("failed", { why: error.message }));
    }
  }

  /** Show the cell of a figure, in view and lit. */
  light(row, column) {
    if (this.single || row === null) return this.element;
    if (this.shown === "chart") this.view("both");
    this.table.light(row, column);
    return this.table.element;
  }

  unlight() {
    this.table?.unlight();
  }
}
