// From a result to a Vega-Lite drawing: which column goes where, units, what is left out and said so.
// Pure but for the colours, which are handed in. The drawing itself is in chart.js.

import { cell, date, heading, isNumber, month, number, short, unitFor } from "./format.js";
import { t } from "./messages.js";

const MOST_SERIES = 6;
const MOST_BARS = 20;
const MOST_SIDE_BY_SIDE = 40;
const MOST_GUESSED = 200; // a result that nobody proposed a chart for, and is longer, is a list
const LETTER = 6.5; // pixels, about, of a name at its axis
const NUMBER = 68; // and of the number at the end of a bar
const NUMBERS = ["integer", "decimal", "float"];
const TIMES = ["date", "timestamp"];

/** What can be drawn of a result: the agent's proposal, or the first that fits. Null when nothing does. */
export function proposal(result) {
  const names = result.columns.map(({ name }) => name);
  const given = result.chart;
  if (given && given.kind !== "number" && names.includes(given.x) && given.y.length && given.y.every((name) => names.includes(name))) return given;
  if (given?.kind === "number" || result.row_count < 2 || result.row_count > MOST_GUESSED) return null;
  const isNumeric = (at) => NUMBERS.includes(result.columns[at].type) && result.formats[at] !== "month";
  const x = names.findIndex((_, at) => !isNumeric(at));
  const y = names.filter((_, at) => isNumeric(at) && result.formats[at] !== "text" && !/(^|_)(id|no|code|year)$/i.test(names[at]));
  const distinct = new Set(result.rows.map((row) => row[x])).size === result.rows.length;
  if (x < 0 || !y.length || !distinct) return null;
  const kind = timely(result, x) ? "line" : "bar";
  return { kind, x: names[x], y: y.slice(0, 1), series: null, title: "" };
}

const timely = (result, at) => TIMES.includes(result.columns[at].type) || ["month", "date"].includes(result.formats[at]);

/** Everything the drawing needs. ``rows`` as fetched; ``look`` holds colours, the font, and the room across. */
export function plan(result, proposed, kind, rows, look) {
  const at = (name) => result.columns.findIndex((column) => column.name === name);
  const x = at(proposed.x);
  const time = timely(result, x);
  const format = result.formats[at(proposed.y[0])];
  const write = (value) => cell(value, result.formats[x] === "text" && time ? "date" : result.formats[x]);
  const points = [];
  for (const row of rows) {
    for (const name of proposed.y) {
      const value = row[at(name)];
      if (!isNumber(value) || row[x] === null) continue;
      const series = proposed.series ? cell(row[at(proposed.series)], "text") : proposed.y.length > 1 ? heading(name) : "";
      points.push({ x: write(row[x]), when: time ? String(row[x]) : "", series, value: Number(value) });
    }
  }
  if (time) points.sort((one, two) => (one.when < two.when ? -1 : one.when > two.when ? 1 : 0));
  const notes = [];
  if (rows.length < result.row_count) notes.push(t("chart.firstRows", { shown: number(rows.length), count: number(result.row_count) }));
  let shown = fewerSeries(points, format, notes);
  if (kind === "bar") shown = fewerBars(shown, notes);
  const largest = shown.reduce((most, { value }) => Math.max(most, Math.abs(value)), 0);
  const [size, unit] = format === "percent" ? [1, ""] : unitFor(largest);
  for (const point of shown) point.y = point.value / size;
  const series = [...new Set(shown.map((point) => point.series))];
  const labels = [...new Set(shown.map((point) => point.x))];
  const sign = format === "money" ? "₹" : format === "percent" ? "%" : "";
  const words = [sign, unit].filter(Boolean).join(" ");
  const measure = proposed.y.length === 1 ? heading(proposed.y[0]) : "";
  const spec = drawing({ kind, points: shown, labels, series, format, look, time });
  return {
    spec, series, labels, notes, points: shown, format, unit: words, size,
    title: [measure || proposed.title, words].filter(Boolean).join(", "),
    description: describe({ kind, points: shown, proposed, measure: measure || proposed.y.map(heading).join(", "), format }),
  };
}

/** Six colours can be told apart: the smaller series go together, where they can be added up. */
function fewerSeries(points, format, notes) {
  const totals = new Map();
  for (const { series, value } of points) totals.set(series, (totals.get(series) ?? 0) + Math.abs(value));
  if (totals.size <= MOST_SERIES) return points;
  const order = [...totals.keys()].sort((one, two) => totals.get(two) - totals.get(one));
  if (format === "percent") {
    notes.push(t("chart.largest", { shown: MOST_SERIES, count: number(totals.size) }));
    const kept = new Set(order.slice(0, MOST_SERIES));
    return points.filter(({ series }) => kept.has(series));
  }
  const kept = new Set(order.slice(0, MOST_SERIES - 1));
  notes.push(t("chart.others", { count: number(totals.size - kept.size) }));
  const merged = new Map();
  for (const point of points) {
    const series = kept.has(point.series) ? point.series : t("chart.other");
    const key = `${series}\n${point.x}`;
    if (merged.has(key)) merged.get(key).value += point.value;
    else merged.set(key, { ...point, series });
  }
  const rank = (point) => (kept.has(point.series) ? order.indexOf(point.series) : order.length);
  return [...merged.values()].sort((one, two) => rank(one) - rank(two));
}

function fewerBars(points, notes) {
  const labels = [...new Set(points.map(({ x }) => x))];
  if (labels.length <= MOST_BARS) return points;
  const totals = new Map();
  for (const { x, value } of points) totals.set(x, (totals.get(x) ?? 0) + Math.abs(value));
  const kept = new Set([...labels].sort((one, two) => totals.get(two) - totals.get(one)).slice(0, MOST_BARS));
  notes.push(t("chart.largest", { shown: MOST_BARS, count: number(labels.length) }));
  return points.filter(({ x }) => kept.has(x));
}

function drawing({ kind, points, labels, series, format, look, time }) {
  const across = kind === "bar";
  const many = series.length > 1;
  const colour = many
    ? { field: "series", type: "nominal", scale: { domain: series, range: look.series.slice(0, series.length) }, legend: null }
    : { value: look.series[0] };
  const longest = labels.reduce((most, label) => Math.max(most, String(label).length), 0);
  const largest = points.reduce((most, { y }) => Math.max(most, Math.abs(y)), 0);
  const band = kind === "bar" || kind === "column";
  // Side by side while there is room for it; on top of each other beyond, where values add up.
  const stacked = many && (kind === "area" || (band && format !== "percent" && labels.length * series.length > MOST_SIDE_BY_SIDE));
  const sparse = Math.max(1, Math.ceil(labels.length / 7));
  const nameRoom = across ? Math.min(280, Math.round(look.room * 0.4)) : 96;
  const steep = !across && !time && (longest * labels.length > 64 || longest > 14);
  const shownLabels = time && labels.length > 8 ? labels.filter((_, at) => at % sparse === 0) : undefined;
  const names = {
    field: "x", type: "ordinal", sort: null, title: null, scale: { domain: labels, ...(band ? { paddingInner: 0.28, paddingOuter: 0.14 } : { padding: 0.2 }) },
    axis: { labelLimit: nameRoom, labelAngle: steep ? -38 : 0, labelOverlap: "greedy", grid: false, ticks: false, domain: !across, labelPadding: 8, ...(shownLabels ? { values: shownLabels } : {}) },
  };
  // The longest bar to the left must leave room for its number, beside the name of its line.
  const bars = look.room - Math.min(nameRoom, longest * LETTER) - 24;
  const below = across && !many ? (Math.min(0, ...points.map(({ y }) => y)) * bars) / Math.max(bars - NUMBER, bars / 2) : 0;
  const values = {
    field: "y", type: "quantitative", title: null, stack: stacked ? "zero" : null,
    scale: { zero: band || kind === "area", nice: true, ...(below ? { domainMin: below } : {}) },
    axis: { format: ",.2~f", ...(format === "percent" ? { labelExpr: "datum.label + ' %'" } : {}), tickCount: across ? 5 : 4, grid: true, domain: false, ticks: false, labelPadding: 8 },
  };
  const place = across ? { y: names, x: values } : { x: names, y: values };
  const offset = band && many && !stacked ? { [across ? "yOffset" : "xOffset"]: { field: "series", scale: { domain: series } } } : {};
  const layers = [];
  if (kind === "line") layers.push({ mark: { type: "line", strokeWidth: 2, strokeJoin: "round", strokeCap: "round", point: labels.length <= 16 ? { size: 26, filled: true } : false } });
  else if (kind === "area" && many) layers.push({ mark: { type: "area", opacity: 0.85 } });
  else if (kind === "area") {
    layers.push({ mark: { type: "area", opacity: 1 }, encoding: { color: { value: look.soft } } });
    layers.push({ mark: { type: "line", strokeWidth: 2, strokeJoin: "round" } });
  }
  else layers.push({ mark: { type: "bar", cornerRadiusEnd: 2 } });
  if (band && !many && labels.length <= (across ? MOST_BARS : 12) && !(!across && longest > 20)) {
    for (const up of [true, false]) if (points.some(({ y }) => y >= 0 === up)) layers.push(valueLabels(across, look, up, largest >= 1000 ? ",.0f" : points.every(({ y }) => Number.isInteger(y)) ? ",.2~f" : ",.2f"));
  }
  return {
    data: { values: points }, width: 300, height: kind === "bar" ? acrossHeight(labels.length, stacked ? 1 : series.length) : 220,
    autosize: { type: "fit", contains: "padding" }, padding: { left: 4, right: across ? 8 : 10, top: 8, bottom: 4 },
    encoding: { ...place, ...offset, color: colour },
    layer: layers,
    config: theme(look),
  };
}

/** How high bars across will be, as far as the result tells before its rows are read; null when it does not. */
export const barsHeight = (result, proposed) => (proposed.series ? null : acrossHeight(Math.min(result.row_count, MOST_BARS), proposed.y.length) + 8);

const acrossHeight = (labels, series) => Math.max(120, labels * barStep(labels, series));

const barStep = (labels, series) => (series > 1 ? Math.max(26, series * 9, Math.min(48, 230 / labels)) : labels > 12 ? 21 : Math.max(26, Math.min(40, 230 / labels)));

/** The value at the end of its bar, on the side it points to. */
function valueLabels(across, look, up, format) {
  const side = up ? 1 : -1;
  const place = across
    ? { align: up ? "left" : "right", baseline: "middle", dx: 5 * side }
    : { align: "center", baseline: up ? "bottom" : "top", dy: -4 * side };
  const text = { field: "y", type: "quantitative", format };
  return {
    transform: [{ filter: up ? "datum.y >= 0" : "datum.y < 0" }],
    mark: { type: "text", fontSize: 11, fontWeight: 500, ...place },
    encoding: { text, color: { value: look.text } },
  };
}

const theme = (look) => ({
  background: null,
  font: look.font,
  aria: false,
  view: { stroke: null },
  axis: { labelColor: look.quiet, labelFontSize: 12, gridColor: look.grid, domainColor: look.axis, tickColor: look.axis, gridWidth: 1 },
});

function describe({ kind, points, proposed, measure, format }) {
  if (!points.length) return measure;
  const high = points.reduce((most, point) => (point.value > most.value ? point : most));
  const low = points.reduce((least, point) => (point.value < least.value ? point : least));
  const at = (point) => [point.series, point.x].filter(Boolean).join(", ");
  return t("chart.describe", {
    kind: t(`chart.${kind}`), what: measure, x: heading(proposed.x),
    extremes: t("chart.extremes", { high: short(high.value, format), highAt: at(high), low: short(low.value, format), lowAt: at(low) }),
  });
}

/** The day or month of a value, for heads and tips. */
export const named = (value, format) => (format === "month" ? month(value) : format === "date" ? date(value) : String(value));
