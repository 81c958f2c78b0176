// The Audit page: who did what, from where, with which outcome; searched, opened, exported.

import { at, file, get, sentence } from "./api.js";
import { ChainCheck } from "./chain.js";
import { openDrawer } from "./drawer.js";
import { button, h } from "./dom.js";
import { elapsed, moment, number } from "./format.js";
import { choiceField, textField } from "./forms.js";
import { List } from "./list.js";
import { empty, facts, failed, pageHead, save, section, state, tags, waiting } from "./parts.js";
import { sqlBlock } from "./sql.js";
import { toast } from "./toast.js";

export const audit = { id: "audit", title: "Audit", sign: "log", needs: "audit_read", make: (app) => new Audit(app) };

const OUTCOMES = [["", "Any outcome"], ["ok", "Went well"], ["refused", "Refused"], ["failed", "Failed"]];
const SINCE = [["", "Since ever"], ["1", "Last hour"], ["24", "Last 24 hours"], ["168", "Last 7 days"], ["720", "Last 30 days"], ["days", "Between days"]];
const NARROW = [["user", "User"], ["key", "Key"], ["connection", "Connection"], ["action", "Action"], ["request_id", "Request id"]];

class Audit {
  constructor(app) {
    this.app = app;
    this.entries = new Map();
    this.since = choiceField("When", SINCE, { value: "24" });
    this.outcome = choiceField("Outcome", OUTCOMES);
    this.from = textField("From", { type: "date" });
    this.to = textField("To", { type: "date" });
    this.narrow = NARROW.map(([name, label]) => [name, textField(label, { max: 200 })]);
    const more = h("details", { class: "more-fields" }, h("summary", null, "More filters"), h("div", { class: "filters" }, this.narrow.map(([, field]) => field.element)));
    this.filters = h("div", { class: "filters" }, this.since.element, this.outcome.element, this.from.element, this.to.element);
    for (const place of [this.filters, more]) place.addEventListener("change", () => this.changed());
    this.exporting = button("btn", "export", "Export", () => this.export());
    this.check = new ChainCheck(() => this.entries.clear());
    this.list = new List({
      label: "Audit trail",
      search: "Find in the trail",
      filters: [this.filters, more],
      href: ({ id }) => `#/audit/${id}`,
      load: async ({ search, after }) => {
        const { entries, next } = await get("/api/audit", { ...this.asked(), search, after, limit: 50 });
        for (const entry of entries) this.entries.set(String(entry.id), entry);
        return { rows: entries, next };
      },
      columns: [
        { head: "When", cell: ({ at }) => h("span", { class: "num" }, moment(at, { seconds: true })) },
        { head: "Who", cell: ({ user, key_name: key, address }) => [h("div", null, user || key || h("span", { class: "quiet" }, "nobody")), h("div", { class: "quiet small" }, address)] },
        { head: "What", cell: ({ action, target, query }) => [h("div", null, h("span", { class: "mono small" }, action), target ? ` ${target}` : ""), query ? h("div", { class: "quiet small mono line" }, query) : null] },
        { head: "Connection", kind: "rare", cell: ({ connection }) => connection || h("span", { class: "quiet" }, "—") },
        { head: "Outcome", cell: outcome },
        { head: "Rows", kind: "num rare", cell: ({ row_count: rows }) => (rows === null ? "—" : number(rows)) },
        { head: "Time", kind: "num rare", cell: ({ elapsed_ms: ms }) => elapsed(ms) },
      ],
      none: () => empty("Nothing here", "No call fits these filters. Every call with a key is on the record, also those that were refused."),
    });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Audit", "Every call, sealed in a chain in which a change, a gap or another order shows.", this.check.button, this.exporting), this.check.place, this.list.element));
    this.drawDays();
  }

  show([id]) {
    this.wanted = id;
    if (!id || !this.list.rows) this.list.read();
    if (id) this.open(id);
  }

  drawDays() {
    const hidden = this.since.value() !== "days";
    for (const { element } of [this.from, this.to]) element.hidden = hidden;
  }

  changed() {
    this.drawDays();
    this.list.read();
  }

  asked() {
    const since = this.since.value();
    const narrow = Object.fromEntries(this.narrow.map(([name, field]) => [name, field.value()]));
    if (since && since !== "days") narrow.from = new Date(Date.now() - Number(since) * 3600000).toISOString();
    if (since === "days") Object.assign(narrow, { from: day(this.from.value(), "T00:00:00"), to: day(this.to.value(), "T23:59:59.999") });
    return { ...narrow, outcome: this.outcome.value() };
  }

  async open(id) {
    const back = () => this.app.go("audit");
    const entry = this.entries.get(id);
    if (entry) {
      this.draw(entry, back);
      return;
    }
    openDrawer(`Line ${id}`, waiting("Reading"), { onClose: back });
    try {
      const found = await get(at("audit", id));
      if (this.isWanted(id)) this.draw(found, back);
    } catch (error) {
      if (!this.isWanted(id)) return;
      openDrawer(`Line ${id}`, error.status === 404 ? empty("There is no such line", "The number is wrong, or the line was cleared away with those of its time.") : failed(error, () => this.open(id)), { onClose: back });
    }
  }

  /** Nobody has gone elsewhere meanwhile. */
  isWanted(id) {
    return this.wanted === id && this.element.isConnected;
  }

  draw(entry, back) {
    const narrow = (name, value) => (value ? h("span", { class: "row" }, h("span", { class: "cut" }, value), button("ghost", "search", "Only these", () => this.only(name, value))) : "");
    openDrawer(`Line ${number(entry.id)}`, [
      facts([
        ["When", moment(entry.at, { seconds: true })], ["Outcome", outcome(entry)], ["Action", narrow("action", entry.action)], ["About", entry.target], ["Changed", entry.detail],
        ["User", narrow("user", entry.user)], ["Key", narrow("key", entry.key_name || entry.key_id)], ["Key id", entry.key_id ? h("span", { class: "mono small" }, entry.key_id) : ""], ["From", entry.address],
        ["Connection", narrow("connection", entry.connection)], ["Tables", entry.tables.length ? tags(entry.tables) : ""], ["Rows", entry.row_count === null ? "" : number(entry.row_count)], ["Time", elapsed(entry.elapsed_ms)],
        ["Data policy", entry.scope ? h("span", { class: "mono small" }, entry.scope) : entry.key_id ? "none: sees all data" : ""], ["Request", h("span", { class: "mono small" }, entry.request_id)], ["Query id", entry.query_id ? h("span", { class: "mono small" }, entry.query_id) : ""],
      ]),
      entry.query ? section("SQL", sqlBlock(entry.query)) : "",
    ], { onClose: back });
  }

  only(name, value) {
    const [, field] = this.narrow.find(([one]) => one === name);
    field.input.value = value;
    field.element.closest("details").open = true;
    this.app.go("audit");
    this.list.read();
  }

  async export() {
    this.exporting.disabled = true;
    try {
      const { blob, name } = await file("/api/audit/export", { ...this.asked(), search: this.list.search });
      save(blob, name ?? "audit.jsonl");
      toast("The lines that fit these filters were saved");
    } catch (error) {
      toast(sentence(error));
    } finally {
      this.exporting.disabled = false;
    }
  }
}

function outcome({ status, code }) {
  if (status < 400) return state("ok", "Went well");
  return state(status < 500 ? "warn" : "bad", status === 401 || status === 403 ? "Refused" : status === 429 ? "Too many" : "Failed", `${code || "error"} · ${status}`);
}

const day = (text, time) => (text ? new Date(`${text}${time}`).toISOString() : "");
