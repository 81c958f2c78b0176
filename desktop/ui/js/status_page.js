// The Status page: how the backend, its cache and the model have done in this run and in all of them. Live while it is open.

import { get } from "./api.js";
import { button, h } from "./dom.js";
import { elapsed, moment, number } from "./format.js";
import { t } from "./messages.js";
import { on, state } from "./state.js";
import { backendLine, look } from "./status.js";

const EVERY = 2000;
const percent = (part, whole) => (whole ? `${number((100 * part) / whole, 1)} %` : "–");
const count = (value) => number(value, 0);

export class StatusPage {
  constructor() {
    this.title = "status.title";
    this.now = h("div", { class: "now" });
    this.body = h("div", { class: "stack" });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page narrow figures", role: "region", "aria-label": t("status.title") }, this.now, this.body));
    on("backend model sent", () => this.element.isConnected && this.drawNow());
  }

  show() {
    this.drawNow();
    clearInterval(this.timer);
    this.timer = setInterval(() => this.read(), EVERY);
    this.read();
  }

  leave() {
    clearInterval(this.timer);
  }

  async read() {
    if (document.hidden && this.told) return;
    try {
      this.told = await get("/api/figures");
      this.draw();
    } catch (error) {
      if (!this.told) this.body.replaceChildren(h("p", { class: "bad" }, t("failed", { why: error.message })));
    }
  }

  drawNow() {
    const { backend, model } = state;
    this.now.replaceChildren(
      h("div", { class: "form-row" }, h("div", null, h("p", { class: "label" }, t("set.backend")), h("p", { class: "hint" }, [backend.url, backend.detail].filter(Boolean).join(" · "))),
        h("div", { class: "ctl" }, backendLine(backend), button("btn small", null, t("banner.look"), look))),
      h("div", { class: "form-row" }, h("div", null, h("p", { class: "label" }, t("set.model"))), h("div", { class: "ctl" }, model.label)));
  }

  /** Values change in their cells: what somebody reads or selects stays where it is. */
  draw() {
    const rows = this.rows();
    if (!this.cells) {
      this.cells = rows.map(([, run, all]) => [h("td", { class: "num" }, run), h("td", { class: "num" }, all)]);
      this.since = h("p", { class: "hint" });
      this.body.replaceChildren(
        h("table", { class: "figures-table" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, t("status.what")), h("th", { scope: "col", class: "num" }, t("status.run")), h("th", { scope: "col", class: "num" }, t("status.all")))),
          h("tbody", null, rows.map(([name], at) => h("tr", null, h("th", { scope: "row" }, t(`figure.${name}`)), this.cells[at])))),
        this.since);
    }
    rows.forEach(([, run, all], at) => {
      [this.cells[at][0].textContent, this.cells[at][1].textContent] = [run, all];
    });
    this.since.textContent = t("status.since", { opened: moment(this.told.opened_at), first: moment(this.told.first_at), runs: count(this.told.all.runs) });
  }

  rows() {
    const { run, all } = this.told;
    const time = (value) => (value === null ? "–" : elapsed(value));
    const two = (name) => [count(run[name]), count(all[name])];
    const share = (part, other) => [percent(run[part], run[part] + run[other]), percent(all[part], all[part] + all[other])];
    return [
      ["latency50", time(this.told.latency_p50_ms), ""],
      ["latency95", time(this.told.latency_p95_ms), ""],
      ["requests", ...two("requests")],
      ["failed", ...two("failures")],
      ["again", ...two("retries")],
      ["cache", ...share("cache_hits", "cache_misses")],
      ["calls", ...two("model_calls")],
      ["callsFailed", ...two("model_failures")],
      ["first50", time(this.told.model_first_p50_ms), ""],
      ["first95", time(this.told.model_first_p95_ms), ""],
      ["tokensIn", ...two("input_tokens")],
      ["tokensOut", ...two("output_tokens")],
      ["open", span(run.seconds), span(all.seconds)],
    ];
  }
}

function span(seconds) {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return t("status.seconds", { count: Math.floor(seconds) });
  return minutes < 60 ? t("status.minutes", { count: minutes }) : t("status.hours", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
}
