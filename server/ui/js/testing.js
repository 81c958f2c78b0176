// The test of a connection: under way, and whether it answered. What it finds of the account stays in account.js.

import { forgetAccounts, line, noteAccount } from "./account.js";
import { at, post, sentence } from "./api.js";
import { announce, h } from "./dom.js";
import { counted, elapsed } from "./format.js";

const results = new Map();
let shown = null; // the place of a test that was opened last

/** What the last test since signing in found: {running} or {error} or {elapsed_ms, warnings}. */
export const testOf = (name) => results.get(name);
export function forgetTests() {
  results.clear();
  forgetAccounts();
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
    const found = await post(at("connections", name, "test"));
    noteAccount(name, found.warnings ?? [], new Date().toISOString());
    return tell(found);
  } catch (error) {
    return tell({ error });
  }
}

export class TestPlace {
  /** ``account`` is the place beside it that shows what the test found out about the account. */
  constructor(name, account, changed) {
    this.name = name;
    this.account = account;
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
    this.account.draw();
    const test = testOf(this.name);
    this.element.hidden = !test;
    if (!test) return;
    const { running, error, warnings = [] } = test;
    this.verdict.className = running ? "" : error ? "bad" : warnings.length ? "warn" : "ok";
    this.verdict.textContent = running ? "Testing" : error ? "Does not work" : warnings.length ? `Works, ${counted(warnings.length, "warning")}` : "Works";
    if (running) this.steps.replaceChildren(h("li", null, h("span", { class: "spin" }), h("span", { class: "quiet" }, "Opening it, asking whether it answers and what its account may do")));
    else if (error) this.steps.replaceChildren(line("failed", "x", error.message, error.details));
    else this.steps.replaceChildren(line("ok", "check", "Opened, signed in, answered", "", elapsed(test.elapsed_ms)));
  }
}
