// Small parts that every page uses: its head, notes, failures, tiles of figures, statements to copy.

import { sentence } from "./api.js";
import { copy } from "./copy.js";
import { button, h, icon, iconButton } from "./dom.js";
import { number } from "./format.js";
import { sqlBlock } from "./sql.js";

export const pageHead = (title, hint, ...acts) =>
  h("div", { class: "page-h" }, h("div", { class: "grow" }, h("h1", null, title), hint ? h("p", { class: "quiet" }, hint) : null), h("div", { class: "acts" }, acts));

export const link = (kind, name, label, href) => h("a", { class: kind, href }, name ? icon(name) : null, h("span", { class: "word" }, label));

export const note = (kind, text, ...more) => h("div", { class: `note ${kind}` }, icon({ warn: "warn", bad: "warn", ok: "check" }[kind] ?? "info"), h("div", { class: "grow stack tight" }, h("p", null, text), more));

export const failed = (error, again) =>
  h("div", { class: "note bad", role: "alert" }, icon("warn"), h("div", { class: "grow" }, sentence(error)), again ? button("btn small", "again", "Try again", again) : null);

export const waiting = (what) => h("p", { class: "waiting", role: "status" }, h("span", { class: "spin" }), h("span", { class: "quiet" }, what));

export const empty = (title, text, ...acts) => h("div", { class: "empty" }, h("p", { class: "strong" }, title), h("p", { class: "quiet" }, text), acts.length ? h("div", { class: "acts" }, acts) : null);

export const tile = (figure, label, kind = "") => h("div", { class: "tile" }, h("p", { class: `figure num ${kind}` }, figure), h("p", { class: "quiet small" }, label));

/** How many of a thing there are: 1 worker, 2 workers. */
export const tally = (count, one, many, kind) => tile(number(count), count === 1 ? one : many, kind);

export const state = (kind, text, more) => h("span", { class: "state" }, h("span", { class: kind }, h("span", { class: kind === "ok" ? "dot" : "dot hollow" }), " ", text), more ? h("span", { class: "quiet small" }, more) : null);

export const tags = (names, kind = "") => h("span", { class: "tags" }, names.map((name) => h("span", { class: `tag ${kind}` }, name)));

/** SQL or a command, with a button that copies it. */
export const statement = (text) => copied(text, sqlBlock(text));

/** A text to keep elsewhere: a key, a seal, a command. */
export const kept = (text) => copied(text, h("pre", { class: "sql" }, text));

const copied = (text, shown) => h("div", { class: "statement" }, shown, iconButton("copy", "Copy", () => copy(text, "Copied")));

export const facts = (pairs) => h("dl", { class: "kv" }, pairs.filter(([, value]) => value !== null && value !== undefined && value !== "").map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));

export const section = (title, ...body) => h("section", { class: "stack" }, h("h2", { class: "sec-h" }, title), body);

/** A file that the browser saves. */
export function save(blob, name) {
  const url = URL.createObjectURL(blob);
  const anchor = h("a", { href: url, download: name });
  document.body.append(anchor);
  anchor.click();
  anchor.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}
