// The editor of data policies: connection, then tables, each with its columns and its rows.

import { get } from "./api.js";
import { button, h, icon, iconButton } from "./dom.js";
import { Fault } from "./forms.js";
import { menu } from "./menu.js";
import { TablePolicy } from "./policy_table.js";
import { may } from "./session.js";
import { tablesOf } from "./tables.js";

export class PolicyEditor {
  constructor(policies) {
    this.parts = [];
    this.place = h("div", { class: "stack" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.adding = button("btn small", "plus", "Add a connection", () => this.choose(), { "aria-haspopup": "menu", "aria-expanded": "false" });
    this.element = h("div", { class: "stack policies" }, this.place, this.problem, h("div", { class: "acts" }, this.adding));
    this.element.addEventListener("input", () => (this.problem.hidden = true));
    for (const policy of policies) this.add(policy.connection, policy.tables);
  }

  /** With nothing named yet, the choice of a connection is what comes first. */
  begin() {
    this.draw();
  }

  async choose() {
    let names = [];
    try {
      if (may("connections_read")) names = (await get("/api/connections")).connections.map(({ name }) => name);
    } catch {
      names = [];
    }
    const taken = new Set(this.parts.map(({ connection }) => connection));
    const items = names.filter((name) => !taken.has(name)).map((name) => ({ label: name, icon: "link", act: () => this.add(name, [], { open: true }) }));
    if (!taken.has("*")) items.push(...(items.length ? ["-"] : []), { label: "Every connection", sub: "also those that come later", icon: "both", act: () => this.add("*", [{ table: "*" }]) });
    if (items.length) menu(this.adding, items, { label: "Connections" });
  }

  add(connection, tables, { open = false } = {}) {
    const part = new Part(connection, tables, () => this.remove(part));
    this.parts.push(part);
    this.place.append(part.element);
    this.draw();
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
    if (open) part.choose();
  }

  remove(part) {
    this.parts = this.parts.filter((one) => one !== part);
    part.element.remove();
    this.draw();
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
    this.adding.focus();
  }

  draw() {
    this.place.hidden = !this.parts.length;
  }

  get input() {
    return this.adding;
  }

  fault(text) {
    this.problem.replaceChildren(icon("warn"), h("span", null, text));
    this.problem.hidden = !text;
  }

  value() {
    if (!this.parts.length) throw new Fault(this, "Add a connection, or choose “No data”.");
    return this.parts.map((part) => part.value(this));
  }

  /** The field that a sentence of the backend is about: it names connection and table. */
  blame(text) {
    if (!/polic|row|column|mask|table|condition|attribute/i.test(text)) return null;
    const part = this.parts.find(({ connection }) => text.includes(`'${connection}'`));
    const table = (part?.tables ?? this.parts.flatMap((one) => one.tables)).find(({ table: name }) => text.includes(`'${name}'`));
    if (!table) return this;
    table.open();
    return table.rows;
  }
}

class Part {
  constructor(connection, tables, drop) {
    this.connection = connection;
    this.tables = [];
    this.place = h("div", { class: "policy-tables" });
    this.hint = h("p", { class: "hint" }, "No table yet: add those that this role shows.");
    this.adding = button("btn small", "plus", "Add tables", () => this.choose(), { "aria-haspopup": "menu", "aria-expanded": "false" });
    const name = connection === "*" ? "Every connection" : connection;
    this.element = h("section", { class: "policy", "aria-label": name },
      h("div", { class: "policy-h" }, icon("link"), h("h3", { class: "strong grow cut" }, name), this.adding, iconButton("x", `Take ${name} away`, drop)), this.hint, this.place);
    for (const table of tables) this.add(table);
  }

  async choose() {
    const known = this.connection === "*" ? [] : await tablesOf(this.connection).catch(() => []);
    const taken = new Set(this.tables.map(({ table }) => table));
    const left = known.map(({ name }) => name).filter((name) => !taken.has(name));
    const items = left.slice(0, 200).map((name) => ({ label: name, icon: "table", act: () => this.add({ table: name }, { open: true }) }));
    if (left.length > 1 && left.length <= 200) items.unshift({ label: `All ${left.length}, one by one`, icon: "plus", act: () => left.forEach((name) => this.add({ table: name })) });
    if (!taken.has("*")) items.unshift({ label: "Every table", sub: "also those that come later", icon: "both", act: () => this.add({ table: "*" }) });
    items.push("-", { label: "By its name", sub: "or a pattern such as sales_*", icon: "edit", act: () => this.add({ table: "" }, { open: true }) });
    menu(this.adding, items, { label: "Tables" });
  }

  add(policy, { open = false } = {}) {
    const table = new TablePolicy(this.connection, policy, () => this.remove(table));
    this.tables.push(table);
    this.place.append(table.element);
    this.hint.hidden = true;
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
    if (open) table.open({ focus: true });
  }

  remove(table) {
    this.tables = this.tables.filter((one) => one !== table);
    table.element.remove();
    this.hint.hidden = this.tables.length > 0;
    this.element.dispatchEvent(new Event("input", { bubbles: true }));
    this.adding.focus();
  }

  value(editor) {
    if (!this.tables.length) throw new Fault(editor, `Add a table of ${this.connection}, or take it away.`);
    return { connection: this.connection, tables: this.tables.map((table) => table.value()) };
  }
}
