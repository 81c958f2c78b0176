// The runs of a task as small drawings: what came out of each, and how long it took; and the same as a table.
// Classes and presentation attributes only. Pure: runs in, an element out.

import { h, svg } from "./dom.js";
import { clockOrDay, date, elapsed, moment, number } from "./format.js";
import { t } from "./messages.js";
import { runStatus } from "./task_words.js";

const MOST = 30;
const FEWEST_SLOTS = 12; // a bar of two runs is no wider than one of twelve
const STEP = 10;
const BAR = 7;
const HEIGHT = 60;
const BROKEN = new Set(["failed", "broken_off"]);

/** Null while there are not two runs to compare. ``open``: the table is unfolded. */
export function runChart(runs, { open = false } = {}) {
  const ended = runs.filter(({ status, elapsed_ms: took }) => took !== null && status !== "running" && status !== "waiting").slice(0, MOST).reverse();
  if (ended.length < 2) return null;
  const shown = measure(ended);
  return h("div", { class: "run-charts" },
    h("div", { class: "run-plots" },
      shown ? plot(t(`runs.${shown.name}`), ended, shown.value, shown.text) : null,
      plot(t("runs.took"), ended, (run) => run.elapsed_ms, (run) => elapsed(run.elapsed_ms))),
    h("details", { class: "run-table", open }, h("summary", null, t("runs.table")), table(ended)));
}

/** The figure where at least two runs of the question as it is now have one; how many rows came otherwise. */
function measure(runs) {
  const { revision } = runs.at(-1);
  const of = (name) => (run) => (run.revision === revision && !BROKEN.has(run.status) ? run[name] : null);
  const known = (name) => runs.filter((run) => typeof of(name)(run) === "number").length > 1;
  if (known("value")) return { name: "figure", value: of("value"), text: (run) => run.figure };
  if (known("row_count")) return { name: "rows", value: of("row_count"), text: (run) => number(run.row_count) };
  return null;
}

function plot(title, runs, valueOf, textOf) {
  const known = runs.filter((run) => typeof valueOf(run) === "number");
  const high = known.reduce((most, run) => (valueOf(run) > valueOf(most) ? run : most));
  const low = known.reduce((least, run) => (valueOf(run) < valueOf(least) ? run : least));
  const top = Math.max(0, valueOf(high));
  const bottom = Math.min(0, valueOf(low));
  const y = (value) => ((top - value) / (top - bottom || 1)) * HEIGHT;
  const slots = Math.max(runs.length, FEWEST_SLOTS);
  const drawing = svg("svg", { viewBox: `0 0 ${slots * STEP} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  runs.forEach((run, at) => drawing.append(bar(run, (slots - runs.length + at) * STEP, valueOf(run), y, textOf)));
  drawing.append(svg("line", { class: "base", x1: 0, x2: slots * STEP, y1: y(0), y2: y(0) }));
  const last = known.at(-1);
  const says = t("runs.says", { title, count: known.length, last: textOf(last), low: textOf(low), lowAt: date(low.started_at), high: textOf(high), highAt: date(high.started_at) });
  return h("figure", { class: "run-plot", role: "img", "aria-label": says },
    h("figcaption", null, h("span", { class: "quiet small grow" }, title), h("b", { class: "num" }, textOf(last))),
    h("p", { class: "quiet small num" }, valueOf(low) === valueOf(high) ? t("runs.same") : t("runs.range", { low: textOf(low), high: textOf(high) })),
    drawing, days(runs, slots));
}

/** A run without a value has a mark at the foot, so that a gap is seen as a run that failed. */
function bar(run, x, value, y, textOf) {
  const there = typeof value === "number";
  const tone = !there ? (BROKEN.has(run.status) ? "bad" : "none") : run.status === "quiet" ? "calm" : BROKEN.has(run.status) ? "bad" : "told";
  const from = there ? Math.min(y(value), y(0)) : y(0) - 3;
  const to = there ? Math.max(y(value), y(0)) : y(0);
  const tip = svg("title", {}, `${moment(run.started_at)} · ${there ? textOf(run) : runStatus(run)}`);
  return svg("rect", { class: tone, x: x + (STEP - BAR) / 2, width: BAR, y: there && to - from < 1 ? y(0) - 1 : from, height: Math.max(1, to - from) }, tip);
}

/** The days of the first run and the last, each under its bar as far as there is room. */
function days(runs, slots) {
  const first = h("span", null, date(runs[0].started_at));
  first.style.marginLeft = `${Math.min(50, ((slots - runs.length) / slots) * 100)}%`;
  return h("div", { class: "scale quiet small num" }, first, h("span", null, date(runs.at(-1).started_at)));
}

function table(runs) {
  const heads = [["ran", null], ["outcome", null], ["figure", "num"], ["rows", "num"], ["took", "num"]];
  return h("div", { class: "wide", tabindex: "0", role: "region", "aria-label": t("runs.table") },
    h("table", { class: "figures-table" },
      h("thead", null, h("tr", null, heads.map(([name, kind]) => h("th", { scope: "col", class: kind }, t(`runs.${name}`))))),
      h("tbody", null, [...runs].reverse().map((run) => h("tr", null,
        h("th", { scope: "row" }, clockOrDay(run.started_at)),
        h("td", null, runStatus(run)),
        h("td", { class: "num" }, run.figure || "—"),
        h("td", { class: "num" }, run.row_count === null ? "—" : number(run.row_count)),
        h("td", { class: "num" }, elapsed(run.elapsed_ms)))))));
}
