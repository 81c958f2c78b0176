// One table in the policy editor: which columns are shown, hidden or masked, and which rows.

import { later, h, icon, iconButton } from "./dom.js";
import { areaField, Fault, textField } from "./forms.js";
import { waiting } from "./parts.js";
import { fits, MASKS } from "./policy_words.js";
import { look } from "./preview.js";
import { tablesOf } from "./tables.js";

const STATES = [["show", "shown"], ["hidden", "not there"], ...Object.entries(MASKS)];

export class TablePolicy {
  constructor(connection, policy, drop) {
    this.connection = connection;
    this.policy = policy;
    this.choices = new Map();
    this.kept = new Set([...(policy.columns ?? []), ...(policy.hidden ?? []), ...Object.keys(policy.masks ?? {})]);
    this.name = textField("Table", { value: policy.table, max: 200, mono: true, placeholder: "sales or sales_*" });
    this.later = h("input", { type: "checkbox" });
    this.later.checked = !policy.columns;
    this.rows = areaField("Rows", { value: policy.rows ?? "", optional: true, mono: true, rows: 2, max: 2000, placeholder: "zone in ({user.zone})", hint: "A condition on this table’s own columns. For example: zone in ({user.zone}) · store_id in (12, 14) · sale_date >= date '2026-04-01'" });
    this.check = h("p", { class: "hint check", role: "status" });
    this.columns = h("div", { class: "policy-columns" });
    this.summary = h("span", { class: "quiet small cut" });
    this.body = h("div", { class: "stack", hidden: true },
      policy.table === "" || policy.table.includes("*") ? this.name.element : null, this.rows.element, this.check,
      h("div", null, h("p", { class: "strong" }, "Columns"), this.columns, h("label", { class: "box" }, this.later, h("span", null, "Columns that come later are shown"))));
    this.toggle = h("button", { type: "button", class: "policy-toggle", "aria-expanded": "false", onclick: () => (this.body.hidden ? this.open() : this.shut()) }, icon("right"), h("span", { class: "mono cut" }), this.summary);
    this.element = h("div", { class: "policy-table" }, h("div", { class: "row" }, this.toggle, iconButton("x", "Take the table away", drop)), this.body);
    const soon = later(600, () => this.checkRows());
    this.element.addEventListener("input", () => (this.say(), soon()));
    this.say();
  }

  get table() {
    return this.name.value();
  }

  say() {
    this.toggle.children[1].textContent = this.table === "*" ? "Every table" : this.table || "A table";
    const states = this.states();
    const count = (state) => [...states.values()].filter((one) => one === state).length;
    const masked = [...states.values()].filter((one) => one in MASKS).length;
    const parts = [];
    if (this.rows.value()) parts.push("rows filtered");
    if (count("hidden")) parts.push(`${count("hidden")} not there`);
    if (masked) parts.push(`${masked} masked`);
    this.summary.textContent = parts.join(", ") || "all columns, all rows";
  }

  async open({ focus = false } = {}) {
    this.body.hidden = false;
    this.toggle.setAttribute("aria-expanded", "true");
    if (focus) (this.table ? this.rows : this.name).input.focus();
    if (!this.choices.size) await this.drawColumns();
  }

  shut() {
    this.body.hidden = true;
    this.toggle.setAttribute("aria-expanded", "false");
  }

  async drawColumns() {
    this.columns.replaceChildren(waiting("Reading the columns"));
    const tables = this.connection === "*" ? [] : await tablesOf(this.connection).catch(() => []);
    const known = tables.find(({ name }) => name === this.table)?.columns ?? [];
    const names = [...new Set([...known.map(({ name }) => name), ...this.kept])];
    this.known = new Set(known.map(({ name }) => name));
    this.columns.replaceChildren(...names.map((name) => this.line(name, known.find((one) => one.name === name)?.type)), this.adder());
    this.say();
  }

  line(name, type) {
    const select = h("select", { "aria-label": `${name}` }, STATES.map(([value, text]) => h("option", { value, selected: value === this.stateOf(name) }, text)));
    this.choices.set(name, select);
    return h("label", { class: "policy-column" }, h("span", { class: "mono cut" }, name), h("span", { class: "quiet small" }, type ?? (name.includes("*") ? "pattern" : "not in the schema")), h("span", { class: "field select" }, select, icon("down")));
  }

  /** For patterns, and for connections whose schema cannot be read here. */
  adder() {
    const input = h("input", { type: "text", placeholder: "Another column or pattern, such as *_phone", "aria-label": "Another column or pattern", maxlength: "200", autocomplete: "off", spellcheck: "false" });
    const put = () => {
      const name = input.value.trim();
      if (!name || this.choices.has(name)) return;
      this.kept.add(name);
      const line = this.line(name);
      this.choices.get(name).value = "hidden";
      input.closest(".field").before(line);
      input.value = "";
      this.choices.get(name).focus();
      this.say();
    };
    input.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), put()));
    input.addEventListener("change", put);
    return h("div", { class: "field" }, icon("plus"), input);
  }

  stateOf(name) {
    const { columns, hidden = [], masks = {} } = this.policy;
    if (masks[name]) return masks[name];
    if (hidden.includes(name) || (columns && !columns.includes(name) && !columns.some((pattern) => fits(pattern, name)))) return "hidden";
    return "show";
  }

  states() {
    const names = this.choices.size ? [...this.choices.keys()] : [...this.kept];
    return new Map(names.map((name) => [name, this.choices.get(name)?.value ?? this.stateOf(name)]));
  }

  value() {
    if (!this.table) throw new Fault(this.name, "Name the table, or take it away.");
    const states = [...this.states()];
    const masks = Object.fromEntries(states.filter(([, state]) => state in MASKS));
    const made = { table: this.table, rows: this.rows.value(), masks };
    const hidden = states.filter(([, state]) => state === "hidden").map(([name]) => name);
    if (this.later.checked) return { ...made, hidden };
    const columns = states.filter(([, state]) => state !== "hidden").map(([name]) => name);
    if (!columns.length) throw new Fault(this.rows, "Show at least one column of this table, or take the table away.");
    return { ...made, columns, hidden: hidden.filter((name) => columns.some((pattern) => fits(pattern, name))) };
  }

  /** What the backend says of it now, with how many rows would be seen. */
  async checkRows() {
    if (this.connection === "*" || !this.known?.size) return;
    const asked = (this.asked = Symbol("asked"));
    let policy;
    try {
      policy = this.value();
    } catch {
      return;
    }
    const found = await look({ connection: this.connection, table: this.table, policies: [{ connection: this.connection, tables: [policy] }] });
    if (asked !== this.asked) return;
    this.check.className = `hint check ${found.fault ? "bad" : ""}`;
    this.check.replaceChildren(icon(found.fault ? "warn" : "check"), " ", found.fault || found.says);
    this.rows.fault("");
  }
}
