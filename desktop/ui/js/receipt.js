// The receipt of a result: which figure came from which cell, how the question was read, where the data came from.

import { get, post } from "./api.js";
import { copyText } from "./clipboard.js";
import { button, h, icon, iconButton } from "./dom.js";
import { cell, clock, date, elapsed, heading, moment, number } from "./format.js";
import { t } from "./messages.js";
import { sqlBlock } from "./sql.js";

export class Receipt {
  constructor(result, onFigure) {
    this.result = result;
    this.onFigure = onFigure;
    this.element = h("div", { class: "stack" }, h("span", { class: "spin" }));
    this.verdict = h("span", { class: "verdict small", role: "status" });
    this.check = button("btn small", "again", t("receipt.check"), () => this.verify());
    this.actions = [this.check, button("btn small", "copy", t("receipt.copy"), () => copyText(this.asText())), this.verdict];
    this.load();
  }

  get path() {
    return `/api/results/${encodeURIComponent(this.result.result_id)}`;
  }

  async load() {
    try {
      this.receipt = await get(`${this.path}/receipt`);
    } catch (error) {
      this.element.replaceChildren(h("p", { class: "bad" }, t("receipt.failed", { why: error.message })), button("btn small", "again", t("retry"), () => this.load()));
      return;
    }
    const { readings } = this.receipt;
    this.element.replaceChildren(
      this.figures(), h("hr", { class: "rule" }),
      ...(readings.length ? [section(t("receipt.read"), pairs(readings.map(({ name, value }) => [name, value]))), h("hr", { class: "rule" })] : []),
      section(t("receipt.source"), pairs(this.facts())), sqlBlock(this.receipt.sql));
  }

  figures() {
    const { figures } = this.receipt;
    if (!figures.length) return section(t("receipt.figures"), h("p", { class: "quiet" }, t("receipt.noFigures")));
    const traced = figures.filter((figure) => figure.traced).length;
    const list = h("ul", { class: "trace" }, figures.map((figure) => {
      const where = this.where(figure);
      const sign = h("span", { class: figure.traced ? "ok" : "warn" }, icon(figure.traced ? "check" : "quest"));
      const parts = [sign, h("span", { class: "num fig-text" }, figure.text), h("span", { class: figure.traced ? "to cut" : "to cut warn", title: where }, where)];
      return h("li", null, figure.traced ? h("button", { type: "button", onclick: () => this.onFigure(figure.row, figure.column) }, parts) : parts);
    }));
    const told = h("span", { class: traced === figures.length ? "end ok" : "end warn" }, t("receipt.traced", { traced, count: figures.length }));
    return section([t("receipt.figures"), told], list);
  }

  /** The cell by the words that stand in its row, as a person would point at it: North, Net sales. */
  where(figure) {
    if (!figure.traced) return t("receipt.none");
    const { columns, formats, rows } = this.result;
    const row = rows[figure.row];
    const column = columns[figure.column];
    if (!row || !column) return figure.where;
    const named = columns.map((_, at) => at).filter((at) => at !== figure.column && typeof row[at] === "string").slice(0, 2);
    const words = named.map((at) => cell(row[at], formats[at]));
    return words.length ? [...words, heading(column.name)].join(", ") : t("receipt.cell", { row: number(figure.row + 1), column: heading(column.name) });
  }

  facts() {
    const it = this.receipt;
    const hash = String(it.content_hash);
    const facts = [
      [t("receipt.connection"), [it.connection, it.connection_type ? h("span", { class: "quiet" }, ` (${it.connection_type})`) : ""]],
      [t("receipt.ran"), `${moment(it.ran_at, { seconds: true })} · ${elapsed(it.elapsed_ms)}`],
    ];
    if (it.cached_at) facts.push([t("receipt.kept"), moment(it.cached_at, { seconds: true })]);
    if (it.as_of) facts.push([t("receipt.asOf"), date(it.as_of)]);
    facts.push([t("receipt.rows"), it.truncated ? t("receipt.rowsCut", { count: number(it.row_count) }) : number(it.row_count)]);
    for (const [name, value] of Object.entries(it.params ?? {})) facts.push([`:${name}`, String(value)]);
    facts.push([t("receipt.hash"), h("span", { class: "row" }, h("span", { class: "hash cut grow", title: hash }, hash), iconButton("copy", t("receipt.copyHash"), () => copyText(hash)))]);
    if (it.query_id) facts.push([t("receipt.query"), h("span", { class: "hash" }, it.query_id)]);
    return facts;
  }

  async verify() {
    this.check.disabled = true;
    this.say("spin", "quiet", t("receipt.checking"));
    try {
      const { same, ran_at: ranAt } = await post(`${this.path}/verify`);
      this.say(same ? "check" : "warn", same ? "ok" : "warn", t(same ? "receipt.same" : "receipt.changed", { when: clock(ranAt, { seconds: true }) }));
    } catch (error) {
      this.say("x", "bad", error.message);
    }
    this.check.disabled = false;
  }

  say(sign, tone, text) {
    this.verdict.className = `verdict small ${tone}`;
    this.verdict.replaceChildren(sign === "spin" ? h("span", { class: "spin" }) : icon(sign), h("span", null, text));
  }

  asText() {
    const it = this.receipt;
    if (!it) return "";
    const lines = [this.result.title, ""];
    for (const figure of it.figures) lines.push(`${figure.text}: ${this.where(figure)}`);
    for (const { name, value } of it.readings) lines.push(`${name}: ${value}`);
    if (it.cached_at) lines.push(`${t("receipt.kept")}: ${it.cached_at}`);
    lines.push(`${t("receipt.connection")}: ${it.connection}`, `${t("receipt.ran")}: ${it.ran_at}`, `${t("receipt.rows")}: ${it.row_count}`, `${t("receipt.hash")}: ${it.content_hash}`, "", it.sql);
    return lines.join("\n");
  }
}

const section = (title, ...content) => h("section", null, h("h2", { class: "sec-h" }, title), content);
const pairs = (list) => h("dl", { class: "kv" }, list.map(([name, value]) => [h("dt", null, name), h("dd", { class: "num" }, value)]));
