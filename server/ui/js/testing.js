// The test of a connection: under way, what it found, and the statements that would mend it.

import { at, post, sentence } from "./api.js";
import { announce, h, icon } from "./dom.js";
import { elapsed } from "./format.js";
import { statement } from "./parts.js";

const results = new Map();
let shown = null; // the place of a test that was opened last

/** What the last test since signing in found: {running} or {error} or {elapsed_ms, warnings}. */
export const testOf = (name) => results.get(name);
export function forgetTests() {
  results.clear();
  shown = null;
}

/** Tests it; ``changed`` is called when there is something new to show, and so is an opened place. Never throws. */
export async function checked(name, changed) {
  const tell = (result) => {
    results.set(name, result);
    changed();
    if (shown?.name === name) shown.draw();
    return result;
  };
  tell({ running: true });
  try {
    return tell(await post(at("connections", name, "test")));
  } catch (error) {
    return tell({ error });
  }
}

/** A warning as the backend words it, and the statements in it. */
export function mending(warning) {
  const [says, mend = ""] = warning.split(/\s*Mend it:\s*/);
  const found = [...mend.matchAll(/\b(?:ALTER|REVOKE|GRANT|DENY|DROP|CREATE|EXEC|REASSIGN|SET)\b[^;]*;/g)].map(([text]) => text);
  const rest = found.reduce((text, one) => text.replace(one, ""), mend).replace(/^[\s;.]+|[\s;]+$/g, "");
  return { says, statements: found, rest };
}

export class TestPlace {
  constructor(name, changed) {
    this.name = name;
    this.changed = changed;
    shown = this;
    this.verdict = h("span");
    this.steps = h("ul");
    this.element = h("section", { class: "test", "aria-label": "Test" }, h("div", { class: "head" }, h("span", null, "Test"), this.verdict), this.steps);
    this.draw();
  }

  async run() {
    const { error, warnings = [] } = await checked(this.name, this.changed);
    announce(error ? sentence(error) : warnings.length ? `Works, with ${warnings.length} warnings` : "Works", { now: Boolean(error) });
  }

  draw() {
    const test = testOf(this.name);
    this.element.hidden = !test;
    if (!test) return;
    const { running, error, warnings = [] } = test;
    this.verdict.className = running ? "" : error ? "bad" : warnings.length ? "warn" : "ok";
    this.verdict.textContent = running ? "Testing" : error ? "Does not work" : warnings.length ? `Works, ${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"}` : "Works";
    if (running) this.steps.replaceChildren(h("li", null, h("span", { class: "spin" }), h("span", { class: "quiet" }, "Opening it, asking whether it answers and what its account may do")));
    else if (error) this.steps.replaceChildren(line("failed", "x", error.message, error.details));
    else {
      this.steps.replaceChildren(
        line("ok", "check", "Opened, signed in, answered", "", elapsed(test.elapsed_ms)),
        ...(warnings.length ? warnings.map(warned) : [line("ok", "check", "Its account can only read")]));
    }
  }
}

const line = (kind, sign, says, more, end) =>
  h("li", { "data-state": kind }, icon(sign), h("span", { class: "row" }, h("span", { class: "says grow" }, says), end ? h("span", { class: "quiet small" }, end) : null), more ? h("div", { class: "more" }, more) : null);

function warned(warning) {
  const { says, statements, rest } = mending(String(warning));
  return line("warning", "warn", says, [
    statements.length ? h("p", null, "Run this in the source, or keep it as it is:") : null,
    ...statements.map(statement), rest ? h("p", null, `${rest[0].toUpperCase()}${rest.slice(1)}`) : null,
  ].filter(Boolean));
}
