// A figure over time as a small drawing: the past, what was unusual in it, and what is expected with its range.
// Presentation attributes and classes only; what it says is in its label for those who do not see it.

import { h, svg } from "./dom.js";
import { date, heading, shortLike } from "./format.js";
import { t } from "./messages.js";

const WIDTH = 640;
const HEIGHT = 150;
const PAD = 6;

/** Round figures from the lowest to the highest, three to five of them: 0, 50 lakh, 1 crore. */
export function roundMarks(lowest, highest) {
  const rough = Math.max(highest - lowest, 1e-9) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 2.5, 5, 10].find((size) => size * power >= rough * 0.999);
  const first = Math.floor(lowest / step + 1e-9);
  const last = Math.max(Math.ceil(highest / step - 1e-9), first + 1);
  return Array.from({ length: last - first + 1 }, (_, at) => (first + at) * step);
}

export function insightLine(line) {
  const { points } = line;
  const known = points.filter(({ value }) => value !== null && value !== undefined);
  const ahead = points.filter(({ expected }) => expected !== null && expected !== undefined);
  const values = [...known.map(({ value }) => value), ...ahead.map(({ low }) => low), ...ahead.map(({ high }) => high)];
  const marks = roundMarks(Math.min(0, ...values), Math.max(0, ...values));
  const [low, top] = [marks[0], marks.at(-1)];
  const first = Date.parse(points[0].day);
  const last = Date.parse(points.at(-1).day);
  const x = (day) => PAD + ((Date.parse(day) - first) / Math.max(last - first, 1)) * (WIDTH - 2 * PAD);
  const y = (value) => PAD + (1 - (value - low) / Math.max(top - low, 1e-9)) * (HEIGHT - 2 * PAD);
  const path = (list, read) => list.map((point, at) => `${at ? "L" : "M"}${x(point.day).toFixed(1)} ${y(read(point)).toFixed(1)}`).join("");
  const drawing = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "insight-svg", "aria-hidden": "true", preserveAspectRatio: "none" });
  for (const value of marks) {
    drawing.append(svg("line", { class: "grid-line", x1: 0, x2: WIDTH, y1: y(value), y2: y(value) }));
  }
  if (ahead.length) {
    const from = known.length ? [{ day: known.at(-1).day, low: known.at(-1).value, high: known.at(-1).value, expected: known.at(-1).value }, ...ahead] : ahead;
    const back = [...from].reverse();
    drawing.append(svg("path", { class: "band", d: `${path(from, (p) => p.high)}${path(back, (p) => p.low).replace("M", "L")}Z` }));
    drawing.append(svg("path", { class: "ahead", d: path(from, (p) => p.expected) }));
  }
  drawing.append(svg("path", { class: "past", d: path(known, (p) => p.value) }));
  const odd = known.filter(({ unusual }) => unusual);
  for (const point of odd) drawing.append(svg("path", { class: "odd", d: `M${x(point.day).toFixed(1)} ${y(point.value).toFixed(1)}h0` })); // a round cap stays round when stretched
  const scale = h("div", { class: "insight-scale num small quiet", "aria-hidden": "true" }, [...marks].reverse().map((value) => h("span", null, shortLike(value, Math.max(top, -low), line.format))));
  const days = h("div", { class: "insight-days num small quiet", "aria-hidden": "true" }, h("span", null, date(points[0].day)), h("span", null, date(points.at(-1).day)));
  const said = [t("insight.lineOf", { column: heading(line.column), step: t(`insight.step${line.step < 7 ? 1 : line.step < 28 ? 7 : 30}`) })];
  if (odd.length) said.push(t("insight.lineOdd", { count: odd.length }));
  if (ahead.length) said.push(t("insight.lineAhead", { first: date(ahead[0].day), last: date(ahead.at(-1).day) }));
  const legend = h("ul", { class: "legend" }, h("li", null, h("span", { class: "mark past" }), said[0]),
    odd.length ? h("li", null, h("span", { class: "mark odd" }), t("insight.unusual")) : null,
    ahead.length ? h("li", null, h("span", { class: "mark ahead" }), t("insight.expected")) : null);
  return h("div", { class: "insight-plot" }, legend, h("div", { class: "insight-draw", role: "img", "aria-label": `${said.join(". ")}.` }, scale, drawing, h("span"), days));
}
