// The page “View as”: which tables, columns and sample rows a user or a role sees.

import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { cell, counted, number } from "./format.js";
import { choiceField } from "./forms.js";
import { empty, failed, note, pageHead, waiting } from "./parts.js";
import { fits } from "./policy_words.js";
import { rowsAs, schemaAs } from "./preview.js";
import { tablesOf } from "./tables.js";
import { everyRole } from "./user_form.js";

export const view = { id: "view", title: "View as", sign: "eye", needs: ["roles_read", "users_read", "schema_read", "db_read", "connections_read"], make: (app) => new View(app) };

const SAMPLE = 20;

class View {
  constructor(app) {
    this.app = app;
    this.who = h("div", { class: "pairs" });
    this.result = h("div", { class: "stack wide" });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" },
      pageHead("View as", "What is there for a user or a role: the rest does not exist for them. Looking is on the record."), this.who, this.result));
  }

  async show([kind, name, connection, ...table]) {
    this.result.replaceChildren(waiting("Reading users, roles and connections"));
    try {
      const [{ connections }, roles, { users }] = await Promise.all([get("/api/connections"), everyRole(), get("/api/users", { limit: 200, search: kind === "user" ? name : "" })]);
      this.draw({ connections, roles, users, kind, name, connection, table: table.join("/") });
    } catch (error) {
      this.result.replaceChildren(failed(error, () => this.show([kind, name, connection, ...table])));
    }
  }

  draw({ connections, roles, users, kind, name, connection, table }) {
    const options = [["", "Choose"], ...roles.map((role) => [`role/${role.name}`, `Role ${role.name}`]), ...users.map((user) => [`user/${user.username}`, `User ${user.username}`])];
    const value = kind ? `${kind}/${name}` : "";
    if (value && !options.some(([one]) => one === value)) options.push([value, `${kind === "role" ? "Role" : "User"} ${name}`]);
    const at = connection || shownFirst(connections, kind === "role" ? [name] : users.find((user) => user.username === name)?.roles ?? [], roles);
    const go = (...chosen) => {
      const [kindNow, ...nameNow] = who.value().split("/");
      if (kindNow) this.app.go("view", kindNow, nameNow.join("/"), ...chosen);
    };
    const who = choiceField("Who", options, { value, onchange: () => go(...(connection ? [connection] : [])) });
    const where = choiceField("Connection", connections.map((one) => one.name), { value: at, onchange: () => go(where.value()) });
    for (const { element } of [who, where]) element.classList.add("w3");
    this.who.replaceChildren(who.element, where.element);
    if (!connections.length) this.result.replaceChildren(empty("Nothing is connected", "There is nothing yet that anybody could see."));
    else if (!value) this.result.replaceChildren(empty("Choose a user or a role", "Then you see what they see."));
    else this.look(kind === "user" ? { user: name } : { role: name }, at, table);
  }

  async look(who, connection, chosen) {
    const mine = (this.asked = Symbol("asked"));
    this.result.replaceChildren(waiting("Looking"));
    try {
      const [all, seen] = await Promise.all([tablesOf(connection), schemaAs(connection, who).catch((error) => (error.status === 404 ? { tables: [] } : Promise.reject(error)))]);
      if (mine !== this.asked) return;
      this.drawTables(who, connection, all, seen.tables, chosen);
    } catch (error) {
      if (mine === this.asked) this.result.replaceChildren(failed(error, () => this.look(who, connection, chosen)));
    }
  }

  drawTables(who, connection, all, seen, chosen) {
    const there = new Map(seen.map((table) => [table.name, table]));
    const [kind, name] = Object.entries(who)[0];
    const lines = all.map((table) => {
      const shown = there.get(table.name);
      const words = shown ? `${number(shown.columns.length)} of ${counted(table.columns.length, "column")}` : "not there";
      const content = [icon("table"), h("span", { class: "cut grow" }, table.name), h("span", { class: "count" }, words)];
      return h("li", null, shown
        ? h("a", { class: "item", href: `#/view/${kind}/${encodeURIComponent(name)}/${encodeURIComponent(connection)}/${encodeURIComponent(table.name)}`, "aria-current": table.name === chosen ? "true" : null }, content)
        : h("span", { class: "item off" }, content));
    });
    const sample = h("div", { class: "stack" });
    this.result.replaceChildren(
      there.size ? h("p", null, `Sees ${number(there.size)} of ${number(all.length)} tables of ${connection}.`) : note("", `Sees nothing of ${connection}: for them there is no such connection.`),
      h("div", { class: "eyes" }, h("ul", { class: "seen", "aria-label": "Tables" }, lines), sample));
    const table = there.get(chosen) ?? (chosen ? null : seen[0]);
    if (table) this.drawRows(sample, who, connection, table, all.find((one) => one.name === table.name));
  }

  async drawRows(place, who, connection, table, whole) {
    const shown = new Set(table.columns.map((column) => column.name));
    const missing = whole.columns.filter((column) => !shown.has(column.name)).map((column) => column.name);
    const rows = h("div", { class: "sample", tabindex: "0", role: "region", "aria-label": `Sample of ${table.name}` }, waiting("Reading some rows"));
    place.replaceChildren(h("h2", { class: "strong" }, table.name), missing.length ? h("p", { class: "quiet" }, `Not there: ${missing.join(", ")}`) : "", rows);
    try {
      const found = await rowsAs(connection, who, table.name, SAMPLE);
      rows.replaceChildren(found.rows.length ? grid(found) : h("p", { class: "quiet" }, "No row."));
      if (found.rows.length) place.append(h("p", { class: "quiet small" }, found.truncated ? `The first ${counted(found.rows.length, "row")}` : `All there is: ${counted(found.rows.length, "row")}`));
    } catch (error) {
      rows.replaceChildren(failed(error));
    }
  }
}

/** The first connection of which these roles show anything. */
function shownFirst(connections, names, roles) {
  const policies = roles.filter((role) => names.includes(role.name)).flatMap((role) => role.policies ?? []);
  const found = connections.find((one) => policies.some((policy) => fits(policy.connection, one.name)));
  return (found ?? connections[0])?.name ?? "";
}

const numeric = (type) => type === "integer" || type === "decimal" || type === "float";

function grid({ columns, rows }) {
  return h("table", { class: "grid" },
    h("thead", null, h("tr", null, columns.map(({ name, type }) => h("th", { scope: "col", class: numeric(type) ? "num" : null }, name)))),
    h("tbody", null, rows.map((row) => h("tr", null, row.map((value, at) => h("td", { class: numeric(columns[at].type) ? "num" : null }, value === null ? h("span", { class: "quiet" }, "—") : cell(value)))))));
}
