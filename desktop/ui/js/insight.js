// The card of an insight: the facts with how much they matter, each with its evidence; a drawing; options with their effect.

import { factLine } from "./card.js";
import { copyText, saveResult } from "./clipboard.js";
import { button, h, icon } from "./dom.js";
import { clockOrDay, date, moment, number, short, unbroken } from "./format.js";
import { insightLine } from "./insight_line.js";
import { menu } from "./menu.js";
import { t } from "./messages.js";
import { sqlBlock } from "./sql.js";

const SHOWN = 6;

export class InsightCard {
  /** ``turn`` may be asked to inspect(card, tab); ``rating`` stands at the foot. */
  constructor(result, turn, rating) {
    this.result = result;
    this.turn = turn;
    this.places = []; // which figures stand where: { row, rows, item }
    this.sqlPlace = h("div", { class: "card-sql", hidden: true });
    this.element = h("section", { class: "card insight", "aria-label": t("insight.card", { title: result.title }) },
      this.head(), result.line && result.line.points.length > 1 ? insightLine(result.line) : null,
      result.goal === "recommend" ? this.options() : null, this.facts(), this.sqlPlace, this.foot(rating));
  }

  head() {
    const { result } = this;
    const facts = [t("insight.rows", { rows: number(result.rows_analysed, 0) })];
    if (result.truncated) facts.push(t("insight.cut"));
    if (result.as_of) facts.push(t("card.asOf", { when: date(result.as_of) }));
    facts.push(h("span", { title: moment(result.ran_at) }, t("card.ran", { when: clockOrDay(result.ran_at) })), result.connection);
    if (result.told_by && result.told_by !== "templates") facts.push(t("insight.toldBy", { model: result.told_by }));
    return h("div", { class: "card-head" }, h("h2", { class: "card-title grow" }, result.title), factLine(facts));
  }

  facts() {
    const { facts, goal } = this.result;
    if (!facts.length) return goal === "recommend" ? null : h("p", { class: "insight-none quiet" }, t("insight.nothing"));
    const list = h("ul", { class: "insight-list", "aria-label": t(goal === "recommend" ? "insight.resting" : "insight.facts") }, facts.map((fact) => this.fact(fact)));
    const hidden = [...list.children].slice(SHOWN);
    if (hidden.length < 2) return list;
    for (const item of hidden) item.hidden = true;
    const more = button("ghost", "down", t("insight.more", { count: hidden.length }), () => this.showAll(), { class: "ghost insight-more" });
    this.showAll = () => {
      for (const item of hidden) item.hidden = false;
      more.remove();
    };
    return h("div", null, list, more);
  }

  fact(fact) {
    const item = h("li", { class: `insight-item ${fact.importance}` },
      h("div", { class: "insight-words" }, h("p", null, unbroken(fact.text)),
        h("p", { class: "insight-tags" }, h("span", { class: fact.importance === "high" ? "tag accent" : "tag" }, t(`insight.${fact.importance}`)), h("span", { class: "tag" }, t(`insight.type.${fact.type}`)))),
      this.evidence(fact));
    this.places.push({ row: fact.row, rows: fact.figures.length, item });
    return item;
  }

  options() {
    const { options } = this.result;
    if (!options.length) return h("p", { class: "insight-none quiet" }, t("insight.noOption"));
    const most = Math.max(...options.map(({ high }) => high));
    return h("ol", { class: "insight-list options", "aria-label": t("insight.options") }, options.map((option) => this.option(option, most)));
  }

  option(option, most) {
    const range = h("span", { class: "insight-range", "aria-hidden": "true" }, h("i"), h("b"));
    const [bar, mark] = range.children;
    const part = (value) => `${(100 * Math.max(value, 0)) / Math.max(most, 1e-9)}%`;
    bar.style.left = part(option.low);
    bar.style.width = `calc(${part(option.high)} - ${part(option.low)})`;
    mark.style.left = part(option.expected);
    const column = option.column.replaceAll("_", " ");
    const amounts = Object.fromEntries(["expected", "low", "high"].map((part) => [part, short(option[part], option.format)]));
    const effect = t(option.saved ? "insight.saves" : "insight.brings", { column, ...amounts });
    const item = h("li", { class: "insight-item" },
      h("div", { class: "insight-words" }, h("p", { class: "strong" }, unbroken(option.action)), h("p", { class: "num" }, unbroken(effect)), range,
        option.assumptions.length ? h("details", { class: "insight-more-about" }, h("summary", null, icon("right"), t("insight.assumes")), h("ul", null, option.assumptions.map((text) => h("li", null, unbroken(text))))) : null),
      this.evidence(option));
    this.places.push({ row: option.row, rows: option.figures.length, item });
    return item;
  }

  /** The figures behind it and the SQL that gave them. */
  evidence({ figures, sql }) {
    if (!figures.length && !sql) return null;
    const place = h("div", { class: "insight-proof" });
    const details = h("details", { class: "insight-more-about evidence" }, h("summary", null, icon("right"), t("insight.evidence")), place);
    details.fill = () => {
      if (place.childElementCount) return;
      place.append(h("dl", { class: "kv num" }, figures.map(({ name, value }) => [h("dt", null, name), h("dd", null, value)])));
      if (sql) place.append(sqlBlock(sql), h("div", { class: "sql-tools" }, button("ghost", "copy", t("card.copySql"), () => copyText(sql))));
    };
    details.addEventListener("toggle", () => details.open && details.fill());
    return details;
  }

  foot(rating) {
    this.sqlButton = button("ghost", "code", t("card.sql"), () => this.toggleSql(), { "aria-expanded": "false", title: t("insight.sqlWhy") });
    const exportButton = button("ghost", "export", t("export"), (event) => this.exports(event.currentTarget), { "aria-haspopup": "menu", "aria-expanded": "false", title: t("export") });
    return h("div", { class: "card-foot" }, this.sqlButton, exportButton,
      button("ghost", "copy", t("copy"), () => this.copy(), { title: t("insight.copy") }),
      button("ghost", "panel", t("card.inspect"), () => this.turn.inspect(this, "receipt"), { title: t("card.inspect") }),
      h("span", { class: "end" }, rating));
  }

  toggleSql() {
    const open = this.sqlPlace.hidden;
    if (open && !this.sqlPlace.childElementCount) this.sqlPlace.append(sqlBlock(this.result.sql));
    this.sqlPlace.hidden = !open;
    this.sqlButton.setAttribute("aria-expanded", String(open));
    this.sqlButton.lastChild.textContent = t(open ? "card.hideSql" : "card.sql");
  }

  exports(anchor) {
    const items = ["csv", "xlsx", "json"].map((format) => ({
      label: t(`card.${format}`), icon: format === "xlsx" ? "table" : "file", act: () => saveResult(this.result.result_id, format),
    }));
    menu(anchor, items, { label: t("export") });
  }

  copy() {
    const { title, options, facts } = this.result;
    const lines = [...options.map((option, at) => `${at + 1}. ${option.action} ${option.rationale}`), ...facts.map(({ text }) => `- ${text}`)];
    copyText([title, "", ...lines].join("\n"));
  }

  /** Show the figure of a text where it stands among the evidence. */
  light(row) {
    const found = this.places.find((place) => row !== null && row >= place.row && row < place.row + place.rows);
    if (!found) return this.element;
    if (found.item.hidden) this.showAll();
    const details = found.item.querySelector("details.evidence");
    if (!details) return found.item;
    details.open = true;
    details.fill();
    this.unlight();
    details.querySelectorAll("dd")[row - found.row]?.classList.add("hit");
    return found.item;
  }

  unlight() {
    for (const lit of this.element.querySelectorAll("dd.hit")) lit.classList.remove("hit");
  }
}
