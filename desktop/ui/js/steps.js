// What is being done for an answer: a live line while it runs, one quiet line afterwards that opens.

import { add, announce, h, icon } from "./dom.js";
import { elapsed } from "./format.js";
import { t } from "./messages.js";
import { sqlBlock } from "./sql.js";

const SIGNS = { ok: "check", failed: "x", stopped: "stop" };

export class Steps {
  constructor() {
    this.element = h("div", { class: "steps-place" });
    this.steps = new Map();
    this.timer = 0;
    this.live = null;
    this.replaying = false;
  }

  /** Begin to show life; the clock starts at the question, not at the first step. */
  begin(label = t("turn.working")) {
    this.began = performance.now();
    this.now = h("span", { class: "now" }, label);
    this.clock = h("span", { class: "num" });
    this.done = h("ul", { class: "step-list", hidden: true });
    this.line = h("div", { class: "live" }, h("span", { class: "spin" }), this.now, this.clock,
      h("span", { class: "quiet opt" }, `· ${t("turn.stopHint")}`));
    this.live = h("div", null, this.done, this.line);
    this.element.replaceChildren(this.live);
    this.timer = setInterval(() => this.tick(), 100);
  }

  tick() {
    const text = ((performance.now() - this.began) / 1000).toFixed(1);
    if (text !== this.shown) this.clock.textContent = `${text} s`;
    this.shown = text;
  }

  label(text) {
    if (this.live) this.now.textContent = text;
  }

  started(event) {
    this.steps.set(event.step_id, { ...event, status: "running" });
    this.label(event.label);
    if (this.live) announce(event.label);
  }

  finished(event) {
    this.steps.set(event.step_id, event);
    if (!this.live) return;
    this.done.hidden = false;
    this.done.append(stepItem(event, { open: false }));
    const running = [...this.steps.values()].find((step) => step.status === "running");
    this.label(running ? running.label : t("turn.working"));
  }

  /** All done: fold into one line. */
  end(totalMs) {
    clearInterval(this.timer);
    this.live = null;
    const steps = [...this.steps.values()];
    if (!steps.length) {
      this.element.replaceChildren();
      return;
    }
    const list = h("ul", { class: "step-list" });
    const details = h("details", { class: "steps" }, summaryLine(steps, totalMs), list);
    details.addEventListener("toggle", () => {
      if (details.open && !list.childElementCount) add(list, steps.map((step) => stepItem(step, { open: true })));
    });
    this.element.replaceChildren(details);
  }
}

function summaryLine(steps, totalMs) {
  const parts = [];
  const told = steps.length <= 2 ? steps : [steps.at(-1)];
  if (steps.length > 2) parts.push(t("turn.steps", { count: steps.length }));
  for (const step of told) parts.push(step.label + trouble(step));
  const summary = steps.at(-1).summary;
  if (summary) parts.push(summary);
  parts.push(elapsed(totalMs ?? steps.reduce((sum, step) => sum + (step.elapsed_ms ?? 0), 0)));
  const line = h("summary", null, icon("right"));
  const words = h("span", { class: "cut num" });
  parts.forEach((part, at) => add(words, [at ? h("span", { class: "sep" }, " · ") : null, part]));
  return add(line, [words]);
}

const trouble = (step) =>
  step.status === "failed" ? ` (${t("step.failed")})` : step.status === "stopped" ? ` (${t("step.stopped")})` : "";

function stepItem(step, { open }) {
  const sign = icon(SIGNS[step.status] ?? "clock");
  sign.classList.add(step.status === "failed" ? "bad" : step.status === "ok" ? "ok" : "quiet");
  const line = h("div", { class: "line" }, sign, h("span", { class: "what" }, step.label + trouble(step)),
    step.summary ? h("span", null, step.summary) : null,
    step.elapsed_ms !== undefined ? h("span", { class: "num" }, elapsed(step.elapsed_ms)) : null);
  return h("li", null, line, open && step.detail ? sqlBlock(step.detail) : null);
}
