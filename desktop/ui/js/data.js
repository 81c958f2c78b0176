// The Data place: connections, their tables, and what stands in a table. Reads only.

import { get } from "./api.js";
import { button, h, icon, marked } from "./dom.js";
import { number, short } from "./format.js";
import { t } from "./messages.js";
import { on, state } from "./state.js";
import { query } from "./wire.js";

export class Data {
  constructor(app) {
    this.app = app;
    this.title = "data.title";
    this.schemas = new Map();
    this.open = new Set();
    this.find = h("input", { type: "search", "aria-label": t("data.find"), placeholder: t("data.find"), oninput: () => this.drawTree() });
    this.tree = h("div", { class: "tree" });
    this.detail = h("div", { class: "pane", tabindex: "0", role: "region", "aria-label": t("data.title") });
    this.element = h("div", { class: "split" },
      h("nav", { class: "pane", "aria-label": t("data.label") }, h("div", { class: "pane-pad" }, h("label", { class: "field" }, icon("search"), this.find)), this.tree),
      this.detail);
    on("backend", ({ url }) => {
      if (url !== this.url) this.schemas.clear(); // another backend may use the same names
      this.url = url;
    });
    on("connections backend", () => this.element.isConnected && this.show(this.connection, this.table));
  }

  show(connection, table) {
    this.connection = connection ?? this.app.connectionOf() ?? state.connections[0]?.name ?? null;
    this.table = table ?? null;
    this.element.classList.toggle("picked", Boolean(table));
    if (this.connection) {
      this.open.add(this.connection);
      this.load(this.connection);
    }
    this.draw();
  }

  async load(name) {
    if (this.schemas.get(name)?.tables) return;
    this.schemas.set(name, { loading: true });
    try {
      this.schemas.set(name, await get(`/api/schema?${query({ connection: name })}`));
    } catch (error) {
      this.schemas.set(name, { error });
    }
    this.draw();
  }

  draw() {
    this.drawTree();
    this.drawDetail();
  }

  drawTree() {
    const text = this.find.value.trim().toLowerCase();
    const rows = [];
    let hits = 0;
    for (const { name } of state.connections) {
      const schema = this.schemas.get(name);
      if (text && !schema) this.load(name);
      const open = text || this.open.has(name);
      rows.push(h("button", { type: "button", class: "item", "aria-expanded": String(Boolean(open)), onclick: () => this.toggle(name) }, icon(open ? "down" : "right"), h("span", { class: "strong grow cut" }, name), schema?.loading ? h("span", { class: "spin" }) : null));
      if (!open) continue;
      for (const table of schema?.tables ?? []) {
        const columns = text ? table.columns.filter((column) => column.name.toLowerCase().includes(text)) : [];
        if (text && !columns.length && !table.name.toLowerCase().includes(text)) continue;
        hits++;
        const href = this.href(name, table.name);
        rows.push(h("a", { class: "item lv2", href, "aria-current": name === this.connection && table.name === this.table ? "true" : null },
          icon("table"), h("span", { class: "cut grow" }, marked(table.name, text)), table.row_estimate !== null ? h("span", { class: "count" }, short(table.row_estimate)) : null));
        for (const column of columns.slice(0, 6)) rows.push(h("a", { class: "item hit-col", href }, marked(column.name, text)));
      }
    }
    if (text && !hits) rows.push(h("p", { class: "rail-empty" }, t("data.none", { query: this.find.value })));
    this.tree.replaceChildren(...rows);
  }

  href(connection, table) {
    return `#/data/${encodeURIComponent(connection)}/${encodeURIComponent(table)}`;
  }

  toggle(name) {
    if (this.open.has(name)) this.open.delete(name);
    else {
      this.open.add(name);
      this.load(name);
    }
    this.drawTree();
  }

  drawDetail() {
    const schema = this.schemas.get(this.connection);
    const say = (...what) => this.detail.replaceChildren(h("div", { class: "page stack" }, what));
    if (!this.connection) return say(h("p", { class: "strong" }, t("hello.noData")), h("p", { class: "quiet" }, t("hello.noDataWhy")));
    if (!schema || schema.loading) return say(h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("data.loading")));
    if (schema.error) {
      const again = () => (this.schemas.delete(this.connection), this.show(this.connection, this.table));
      return say(h("p", { class: "bad" }, t("data.failed", { name: this.connection, why: schema.error.message })), h("div", { class: "acts" }, button("btn small primary", "again", t("retry"), again)));
    }
    const table = schema.tables.find(({ name }) => name === this.table);
    if (!table) return this.overview(schema);
    this.detail.replaceChildren(this.tableHead(table), this.columns(table), this.links(table, schema));
    return undefined;
  }

  overview(schema) {
    const about = state.connections.find(({ name }) => name === this.connection);
    const list = h("ul", { class: "conns" }, schema.tables.map((table) => h("li", null, h("a", { class: "conn", href: this.href(this.connection, table.name) },
      h("span", { class: "row strong" }, icon("table"), h("span", { class: "cut" }, table.name)),
      table.comment ? h("span", { class: "quiet small line" }, table.comment) : null, h("span", { class: "quiet small line" }, size(table))))));
    this.detail.replaceChildren(h("div", { class: "page" },
      h("div", { class: "page-h" }, h("div", { class: "grow" }, h("h2", null, this.connection), h("p", { class: "quiet" }, about?.description || t("data.pick")))),
      schema.tables.length ? list : h("p", { class: "quiet" }, t("data.empty"))));
  }

  tableHead(table) {
    return h("div", { class: "page head" }, h("div", { class: "page-h" },
      h("div", { class: "grow" }, h("p", { class: "small only-narrow" }, h("a", { href: `#/data/${encodeURIComponent(this.connection)}` }, t("data.tablesOf", { name: this.connection }))), h("h2", null, table.name), h("p", { class: "quiet" }, [table.comment, size(table)].filter(Boolean).join(" · "))),
      h("button", { type: "button", class: "btn primary", onclick: () => this.app.askAbout(this.connection, table) }, t("data.ask"))));
  }

  columns(table) {
    const text = this.find.value.trim();
    const key = new Set(table.primary_key);
    const pointing = new Map(table.foreign_keys.flatMap((each) => each.columns.map((name) => [name, each])));
    const heads = [["data.column", "w-name"], ["data.type", "w-type"], ["data.about", ""]];
    return h("table", { class: "cols" }, h("thead", null, h("tr", null, heads.map(([name, width]) => h("th", { scope: "col", class: width || null }, t(name))))),
      h("tbody", null, table.columns.map((column) => {
        const tags = [];
        if (key.has(column.name)) tags.push(h("span", { class: "tag accent" }, icon("key"), t("data.key")));
        const link = pointing.get(column.name);
        if (link) tags.push(h("a", { class: "tag", href: this.href(this.connection, link.references_table) }, icon("link"), t("data.to", { table: link.references_table })));
        return h("tr", null, h("th", { scope: "row" }, h("span", { class: "samples" }, h("code", null, marked(column.name, text)), tags)),
          h("td", { class: "quiet" }, column.type), h("td", null, this.about(column)));
      })));
  }

  about(column) {
    const parts = [];
    if (column.comment) parts.push(h("div", null, column.comment));
    if (column.samples.length) {
      const rest = column.samples_complete && column.samples.length <= 12 ? "" : t("data.more");
      parts.push(h("div", { class: "samples" }, column.samples.slice(0, 12).map((sample) => h("span", { class: "tag" }, sample)), rest ? h("span", { class: "quiet small" }, rest) : null));
    }
    if (!parts.length && !column.nullable) parts.push(h("span", { class: "quiet" }, t("data.required")));
    return parts;
  }

  links(table, schema) {
    const lines = table.foreign_keys.map((each) => [each.references_table, t("data.link", { columns: each.columns.join(", "), table: each.references_table, others: each.references_columns.join(", ") })]);
    for (const other of schema.tables) {
      for (const each of other.foreign_keys) if (each.references_table === table.name) lines.push([other.name, t("data.linked", { table: other.name, columns: each.columns.join(", ") })]);
    }
    if (!lines.length) return "";
    return h("section", { class: "page" }, h("h3", { class: "sec-h" }, t("data.links")), h("ul", { class: "links" }, lines.map(([to, words]) => h("li", null, h("a", { href: this.href(this.connection, to) }, words)))));
  }
}

const size = (table) => [table.row_estimate !== null ? t("data.rows", { count: number(table.row_estimate) }) : "", t("data.columnCount", { count: table.columns.length })].filter(Boolean).join(" · ");
