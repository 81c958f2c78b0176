// Data policies in words, for lists and for who only reads.

import { h } from "./dom.js";
import { counted } from "./format.js";
import { sqlBlock } from "./sql.js";

export const MASKS = { hide: "hidden value", hash: "hashed", last_four: "last four characters", year: "year only" };

/** Whether a name of a policy, in which * stands for any letters, means this one. */
export const fits = (pattern, name) => pattern === name || (pattern.includes("*") && new RegExp(`^${pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*")}$`).test(name));

export const isEverything = (policies) =>
  policies.some(({ connection, tables }) => connection === "*" && tables.some(({ table, columns, hidden = [], rows = "", masks = {} }) => table === "*" && !columns && !hidden.length && !rows && !Object.keys(masks).length));

/** One line for a list: what these policies come to. */
export function policySummary(policies) {
  if (!policies.length) return "No data";
  if (isEverything(policies)) return "All data";
  const tables = policies.flatMap((policy) => policy.tables);
  const parts = [`${tables.some(({ table }) => table.includes("*")) ? "Tables" : counted(tables.length, "table")} of ${policies.map(({ connection }) => (connection === "*" ? "every connection" : connection)).join(", ")}`];
  if (tables.some(({ rows }) => rows)) parts.push("rows filtered");
  if (tables.some(({ columns, hidden, masks }) => columns || hidden?.length || Object.keys(masks ?? {}).length)) parts.push("columns limited");
  return parts.join(", ");
}

/** All of it, to read. */
export function policyLines(policies) {
  if (!policies.length) return h("p", { class: "quiet" }, "No data.");
  if (isEverything(policies)) return h("p", null, "All data of all connections");
  return policies.map(({ connection, tables }) => h("div", { class: "policy-words" },
    h("p", { class: "strong" }, connection === "*" ? "Every connection" : connection),
    h("ul", null, tables.map((table) => h("li", null, tableWords(table))))));
}

function tableWords({ table, columns, hidden = [], rows = "", masks = {} }) {
  const about = [];
  if (columns) about.push(`only ${columns.join(", ")}`);
  if (hidden.length) about.push(`without ${hidden.join(", ")}`);
  for (const [name, mask] of Object.entries(masks)) about.push(`${name}: ${MASKS[mask] ?? mask}`);
  return [
    h("p", null, h("span", { class: "mono small" }, table === "*" ? "every table" : table), h("span", { class: "quiet small" }, about.length ? ` ${about.join("; ")}` : " all columns")),
    rows ? sqlBlock(rows) : null,
  ];
}
