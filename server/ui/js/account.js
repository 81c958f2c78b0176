// What the account of a connection may do beyond reading, and the statements that would mend it.

import { h, icon } from "./dom.js";
import { clockOrDay } from "./format.js";
import { statement } from "./parts.js";

const known = new Map();

/** ``warnings`` null: nobody has looked yet. What is noted last counts. */
export const noteAccount = (name, warnings, at) => known.set(name, { warnings, at });
export function noteAccounts(connections) {
  for (const { name, warnings = null, tested_at: at = null } of connections) noteAccount(name, warnings, at);
}
export const accountOf = (name) => known.get(name) ?? { warnings: null, at: null };
export const forgetAccounts = () => known.clear();

/** In a list. */
export function accountCell(name) {
  const { warnings } = accountOf(name);
  if (!warnings) return h("span", { class: "quiet" }, "Not known yet");
  return warnings.length ? h("span", { class: "tag warn" }, "May do more than read") : "Reads only";
}

export class AccountPlace {
  constructor(name) {
    this.name = name;
    this.when = h("span");
    this.lines = h("ul");
    this.element = h("section", { class: "test", "aria-label": "Account" }, h("div", { class: "head" }, h("span", null, "What its account may do"), this.when), this.lines);
    this.draw();
  }

  draw() {
    const { warnings, at } = accountOf(this.name);
    this.when.textContent = at ? `Looked at: ${clockOrDay(at)}` : "";
    if (!warnings) this.lines.replaceChildren(line("unknown", "info", "Not known yet", "A test of the connection finds it out."));
    else if (!warnings.length) this.lines.replaceChildren(line("ok", "check", "It can only read"));
    else this.lines.replaceChildren(...warnings.map(warned));
  }
}

/** A finding, as an item of a list. */
export const line = (kind, sign, says, more, end) =>
  h("li", { "data-state": kind }, icon(sign), h("span", { class: "row" }, h("span", { class: "says grow" }, says), end ? h("span", { class: "quiet small" }, end) : null), more ? h("div", { class: "more" }, more) : null);

function warned(warning) {
  const { says, statements, rest } = mending(String(warning));
  return line("warning", "warn", says, [
    statements.length ? h("p", null, "Run this in the source, or keep it as it is:") : null,
    ...statements.map(statement), rest ? h("p", null, `${rest[0].toUpperCase()}${rest.slice(1)}`) : null,
  ].filter(Boolean));
}

/** A warning as the backend words it, and the statements in it. */
function mending(warning) {
  const [says, mend = ""] = warning.split(/\s*Mend it:\s*/);
  const found = [...mend.matchAll(/\b(?:ALTER|REVOKE|GRANT|DENY|DROP|CREATE|EXEC|REASSIGN|SET)\b[^;]*;/g)].map(([text]) => text);
  const rest = found.reduce((text, one) => text.replace(one, ""), mend).replace(/^[\s;.]+|[\s;]+$/g, "");
  return { says, statements: found, rest };
}
