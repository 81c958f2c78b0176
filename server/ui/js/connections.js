// The Connections page: what is connected, whether it answers, and what its account may do beyond reading.

import { AccountPlace, accountCell, accountOf, noteAccounts } from "./account.js";
import { at, get, remove, sentence } from "./api.js";
import { ConnectionForm } from "./connection_form.js";
import { confirm } from "./confirm.js";
import { mayLeave, openDrawer, shutDrawer } from "./drawer.js";
import { button, h, iconButton } from "./dom.js";
import { clockOrDay, elapsed, moment, number } from "./format.js";
import { List } from "./list.js";
import { menu } from "./menu.js";
import { empty, facts, failed, link, pageHead, section, state, waiting } from "./parts.js";
import { may } from "./session.js";
import { checked, testOf, TestPlace } from "./testing.js";
import { toast } from "./toast.js";

export const connections = { id: "connections", title: "Connections", sign: "link", needs: "connections_read", make: (app) => new Connections(app) };

class Connections {
  constructor(app) {
    this.app = app;
    this.kinds = null;
    const add = may("connections_write") ? link("btn primary", "plus", "Add a connection", "#/connections/new") : null;
    this.all = may("connections_write") ? button("btn", "again", "Test all", () => this.testAll()) : null;
    this.list = new List({
      label: "Connections",
      search: "Find a connection",
      words: ({ name, type, description }) => `${name} ${type} ${description}`,
      href: ({ name }) => `#/connections/${encodeURIComponent(name)}`,
      load: async () => {
        const [{ connections: rows }] = await Promise.all([get("/api/connections"), this.readKinds()]);
        noteAccounts(rows);
        this.all?.toggleAttribute("disabled", !rows.length);
        return { rows };
      },
      columns: [
        { head: "Connection", cell: ({ name, type }) => [h("span", { class: "name" }, name), h("span", { class: "quiet small" }, this.label(type))] },
        { head: "State", cell: ({ name }) => stateOf(name) },
        { head: "Time", kind: "num", cell: ({ name }) => (testOf(name)?.elapsed_ms ? elapsed(testOf(name).elapsed_ms) : "—") },
        { head: "Account", cell: ({ name }) => accountCell(name) },
        { head: "About", kind: "rare", cell: ({ description }) => h("span", { class: "quiet" }, description || "—") },
      ],
      none: () => empty("Nothing is connected yet", "A connection brings a database, a folder of files, Tableau or Google Drive. Its password goes in once and never comes out.", may("connections_write") ? link("btn primary", "plus", "Add a connection", "#/connections/new") : null),
    });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" },
      pageHead("Connections", "Secrets go in and never come out.", this.all, add), this.list.element));
  }

  async show([name, what]) {
    if (!name) return this.list.read();
    const reading = this.list.rows ? null : this.list.read();
    if (name === "new") return this.add();
    await reading;
    return what === "change" ? this.change(name) : this.open(name);
  }

  async readKinds() {
    this.kinds ??= (await get("/api/connections/kinds")).kinds;
  }

  label(type) {
    return this.kinds?.find((kind) => kind.type === type)?.label ?? type;
  }

  async testAll() {
    this.all.disabled = true;
    let faults = 0;
    for (const { name } of this.list.rows ?? []) {
      const tested = checked(name, () => this.list.draw());
      this.list.draw();
      faults += (await tested).error ? 1 : 0;
    }
    this.all.disabled = false;
    toast(faults ? `${number(faults)} of ${number(this.list.rows.length)} connections do not work` : "All connections answer");
  }

  async add() {
    const back = () => this.app.go("connections");
    openDrawer("Add a connection", waiting("Reading the kinds of connections"), { onClose: back });
    try {
      await this.readKinds();
    } catch (error) {
      return openDrawer("Add a connection", failed(error, () => this.add()), { onClose: back });
    }
    const form = new ConnectionForm(this.kinds, null, { cancel: back, saved: (name) => this.saved(name, "was added") });
    return form.open(back);
  }

  async change(name) {
    const back = () => this.app.go("connections", name);
    try {
      const connection = await get(at("connections", name));
      new ConnectionForm(this.kinds, connection, { cancel: back, saved: () => this.saved(name, "was changed") }).open(back);
    } catch (error) {
      openDrawer(name, failed(error, () => this.change(name)), { onClose: () => this.app.go("connections") });
    }
  }

  async saved(name, what) {
    toast(`${name} ${what}`);
    this.list.read();
    this.app.go("connections", name);
    if (may("connections_write")) await checked(name, () => this.list.draw());
  }

  async open(name) {
    const back = () => this.app.go("connections");
    openDrawer(name, waiting("Reading"), { onClose: back });
    let connection;
    try {
      connection = await get(at("connections", name));
      noteAccounts([connection]);
    } catch (error) {
      return openDrawer(name, failed(error, error.status === 404 ? null : () => this.open(name)), { onClose: back });
    }
    const kind = this.kinds?.find(({ type }) => type === connection.type);
    const shown = (kind?.fields ?? []).filter(({ secret }) => !secret).map(({ name: field, label }) => [label, written(connection.params[field])]);
    const secrets = (kind?.fields ?? []).filter(({ secret }) => secret).map(({ label }) => label);
    const account = new AccountPlace(name);
    const test = may("connections_write") ? new TestPlace(name, account, () => this.list.draw()) : null;
    const more = iconButton("more", "More", () => menu(more, [{ label: "Delete", icon: "bin", danger: true, act: () => this.drop(name) }], { label: name }), { "aria-haspopup": "menu", "aria-expanded": "false" });
    openDrawer(name, [
      facts([["Kind", kind?.label ?? connection.type], ["About", connection.description], ...shown, ...secrets.map((label) => [label, h("span", { class: "quiet" }, "kept sealed; nobody can read it back")])]),
      test?.element,
      account.element,
      connection.pool ? section("Pool of this worker", facts([["In use", `${connection.pool.in_use} of ${connection.pool.max_connections}`], ["Idle", number(connection.pool.idle)], ["Waiting", number(connection.pool.waiting)], ["Opened", number(connection.pool.opened)], ["Failed", number(connection.pool.failed)]])) : null,
      facts([["Added", moment(connection.created_at)], ["Changed", moment(connection.updated_at)]]),
    ].filter(Boolean), {
      onClose: back,
      foot: [
        may("connections_write") ? button("btn primary", "again", "Test", () => test.run()) : null,
        may("connections_write") ? link("btn", "edit", "Change", `#/connections/${encodeURIComponent(name)}/change`) : null,
        h("span", { class: "grow" }), may("connections_delete") ? more : null,
      ].filter(Boolean),
    });
    return undefined;
  }

  async drop(name) {
    const sure = await confirm({
      title: `Delete ${name}?`,
      text: "Its address and its secrets are forgotten. Questions, jobs and policies that name it stop working. The data itself is not touched.",
      act: "Delete", word: name,
    });
    if (!sure || !(await mayLeave())) return;
    try {
      await remove(at("connections", name));
    } catch (error) {
      toast(sentence(error));
      return;
    }
    shutDrawer();
    toast(`${name} was deleted`);
    this.app.go("connections");
  }
}

function stateOf(name) {
  const test = testOf(name);
  const { at: answered } = accountOf(name);
  if (!test) return h("span", { class: "quiet" }, answered ? `Answered: ${clockOrDay(answered)}` : "Not tested");
  if (test.running) return h("span", { class: "row" }, h("span", { class: "spin" }), h("span", { class: "quiet" }, "Testing"));
  return test.error ? state("bad", "Fails", test.error.message) : state("ok", "Answers");
}

const written = (value) => (value === true ? "yes" : value === false ? "no" : value === undefined ? "" : String(value));
