// The drawer beside the conversation: one result as table, chart, SQL and receipt.

import { Chart } from "./chart.js";
import { proposal } from "./chartspec.js";
import { copyText } from "./clipboard.js";
import { button, by, h, iconButton } from "./dom.js";
import { sqlEditor } from "./editor.js";
import { t } from "./messages.js";
import { Receipt } from "./receipt.js";
import { Rows } from "./rows.js";
import { sqlBlock } from "./sql.js";
import { Table } from "./table.js";

const TABS = ["card.table", "card.chart", "drawer.sql", "drawer.receipt"];
const NAMES = ["table", "chart", "sql", "receipt"];

export class Inspector {
  constructor() {
    this.drawer = by("drawer");
    this.shown = null;
    this.tab = "receipt";
    this.tabs = h("div", { class: "tablist", role: "tablist", "aria-label": t("drawer.title") }, NAMES.map((name, at) =>
      h("button", { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "drawer-panel", onclick: () => this.show(name) }, t(TABS[at]))));
    this.tabs.addEventListener("keydown", (event) => this.arrows(event));
    this.panel = h("div", { class: "drawer-body", role: "tabpanel", id: "drawer-panel", tabindex: "0" });
    this.foot = h("div", { class: "drawer-foot", hidden: true });
    this.title = h("p", { class: "drawer-title" });
    this.drawer.append(h("div", { class: "tabs" }, this.tabs, h("span", { class: "grow" }), iconButton("x", t("close"), () => this.close())), this.title, this.panel, this.foot);
    this.drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
    this.onToggle = () => undefined;
  }

  get isOpen() {
    return !this.drawer.hidden;
  }

  open(turn, card, tab = this.tab) {
    const same = this.shown?.card === card;
    this.before = document.activeElement;
    this.drawer.hidden = false;
    by("app").classList.add("with-drawer");
    if (!same) this.parts = {};
    this.shown = card ? { turn, card } : null;
    this.show(tab);
    this.onToggle(true);
  }

  close() {
    if (!this.isOpen) return;
    const held = this.drawer.contains(document.activeElement);
    this.drawer.hidden = true;
    by("app").classList.remove("with-drawer");
    this.onToggle(false);
    if (held) (this.before?.isConnected ? this.before : by("main-view")).focus({ preventScroll: true });
  }

  /** The conversation has changed: what is shown belongs to another one. */
  forget() {
    this.shown = null;
    this.parts = {};
    if (this.isOpen) this.show(this.tab);
  }

  arrows(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.show(NAMES[(NAMES.indexOf(this.tab) + step + NAMES.length) % NAMES.length]);
    this.tabs.querySelector('[aria-selected="true"]').focus();
  }

  show(tab) {
    this.tab = tab;
    [...this.tabs.children].forEach((press, at) => {
      press.setAttribute("aria-selected", String(NAMES[at] === tab));
      press.setAttribute("tabindex", NAMES[at] === tab ? "0" : "-1");
    });
    this.panel.setAttribute("aria-labelledby", `tab-${tab}`);
    this.foot.hidden = true;
    this.panel.className = tab === "table" || tab === "chart" ? "drawer-body" : "drawer-body pad";
    this.title.textContent = this.shown?.card.result.title ?? "";
    this.title.hidden = !this.shown;
    if (!this.shown) {
      this.panel.className = "drawer-body pad";
      this.panel.replaceChildren(h("p", { class: "quiet" }, t("drawer.nothing")));
      return;
    }
    this[tab]();
  }

  table() {
    const { result } = this.shown.card;
    this.parts.table ??= new Table(new Rows(result), { title: result.title, fill: true, truncated: result.truncated });
    this.panel.replaceChildren(this.parts.table.element);
    this.parts.table.soon();
  }

  chart() {
    const { result } = this.shown.card;
    const proposed = proposal(result);
    if (!proposed) {
      this.panel.className = "drawer-body pad";
      this.panel.replaceChildren(h("p", { class: "quiet" }, t("drawer.noChart")));
      return;
    }
    this.parts.chart ??= new Chart(result, proposed, new Rows(result));
    this.panel.replaceChildren(this.parts.chart.element);
  }

  sql() {
    const { turn, card } = this.shown;
    const { sql } = card.result;
    const edit = () => {
      const editor = sqlEditor(sql, { onRun: (text) => turn.rerun(card.result, text) && this.sql(), onCancel: () => this.sql() });
      this.foot.hidden = true;
      this.panel.replaceChildren(editor.element);
      editor.focus();
    };
    this.panel.replaceChildren(sqlBlock(sql));
    this.foot.hidden = false;
    this.foot.replaceChildren(button("btn small", "edit", t("card.edit"), edit), button("btn small", "copy", t("card.copySql"), () => copyText(sql)));
  }

  receipt() {
    const { turn, card } = this.shown;
    this.parts.receipt ??= new Receipt(card.result, (row, column) => turn.light(card, row, column));
    this.panel.replaceChildren(this.parts.receipt.element);
    this.foot.hidden = false;
    this.foot.replaceChildren(...this.parts.receipt.actions);
  }

  /** A figure was followed in the text: light its cell here too. */
  lit(card, row, column) {
    if (this.isOpen && this.shown?.card === card && this.parts.table) this.parts.table.light(row, column);
  }
}
