// Draws a chart of a result with Vega, fetched only when the first chart comes near the screen.
// Colours come from the tokens, so a change of theme draws again. What to draw is in chartspec.js.

import { h, icon } from "./dom.js";
import { cell, heading } from "./format.js";
import { t } from "./messages.js";
import { barsHeight, plan } from "./chartspec.js";

const KINDS = ["bar", "column", "line", "area"];
const ROWS_DRAWN = 5000;
const LONGEST_LOAD = 90000;
let vega = null;

function loadVega() {
  vega ??= new Promise((resolve, reject) => {
    const script = h("script", { src: "/vendor/vega.js", onload: () => resolve(window.vegaEmbed), onerror: reject });
    // The bundle is an ES module on some versions; as a module it works on all.
    script.type = "module";
    document.head.append(script);
    setTimeout(reject, LONGEST_LOAD);
  });
  vega.catch(() => (vega = null));
  return vega;
}

/** Redraw every chart that is on the page: the theme or the number style has changed. */
const drawn = new Set();
export const redrawCharts = () => [...drawn].forEach((chart) => chart.draw());

export class Chart {
  constructor(result, proposed, rows) {
    Object.assign(this, { result, proposed, rows, kind: KINDS.includes(proposed.kind) ? proposed.kind : "column" });
    this.title = h("span", { class: "grow cut" }, proposed.title || heading(proposed.y[0]));
    this.kinds = h("div", { class: "seg", role: "radiogroup", "aria-label": t("chart.kind") }, KINDS.map((kind) => this.kindButton(kind)));
    this.kinds.addEventListener("keydown", (event) => this.arrows(event));
    this.wait = h("div", { class: "chart-wait" }, h("span", { class: "spin" }));
    this.canvas = h("div", { class: "canvas", "aria-hidden": "true" });
    this.rule = h("div", { class: "chart-rule", hidden: true });
    this.chart = h("div", { class: "chart", role: "img", "aria-label": proposed.title || heading(proposed.y[0]) }, this.canvas, this.rule, this.wait);
    this.legend = h("ul", { class: "legend", hidden: true });
    this.notes = h("p", { class: "plot-note small quiet", hidden: true });
    this.element = h("div", { class: "plot" }, h("div", { class: "plot-bar" }, this.title, this.kinds), this.legend, this.chart, this.notes);
    this.tip = null;
    this.makeRoom();
    this.chart.addEventListener("pointermove", (event) => this.hover(event));
    this.chart.addEventListener("pointerleave", () => this.leave());
    this.watch();
  }

  kindButton(kind) {
    const on = kind === this.kind;
    return h("button", { type: "button", class: "only", role: "radio", "aria-checked": String(on), tabindex: on ? "0" : "-1", "aria-label": t(`chart.${kind}`), title: t(`chart.${kind}`), onclick: () => this.show(kind) }, icon(kind));
  }

  arrows(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    this.show(KINDS[(KINDS.indexOf(this.kind) + step + KINDS.length) % KINDS.length]);
    this.kinds.querySelector('[tabindex="0"]').focus();
  }

  show(kind) {
    this.kind = kind;
    [...this.kinds.children].forEach((press, at) => {
      press.setAttribute("aria-checked", String(KINDS[at] === kind));
      press.setAttribute("tabindex", KINDS[at] === kind ? "0" : "-1");
    });
    this.draw();
  }

  /** Draw when it comes near the screen, and again when its room changes. */
  watch() {
    new IntersectionObserver((seen, observer) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      drawn.add(this);
      this.draw();
    }, { rootMargin: "400px" }).observe(this.chart);
    new ResizeObserver(() => {
      if (!this.view || !this.chart.clientWidth || this.width === this.chart.clientWidth) return;
      this.width = this.chart.clientWidth;
      this.view.width(this.width).resize().runAsync();
    }).observe(this.chart);
  }

  /** Few bars need less room than other charts; it is there before they are, so that nothing below moves. */
  makeRoom() {
    const height = this.kind === "bar" ? barsHeight(this.result, this.proposed) : null;
    this.chart.style.minHeight = height === null ? "" : `min(${height}px, var(--plot-h))`;
  }

  async draw() {
    if (!this.element.isConnected) {
      drawn.delete(this);
      return;
    }
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.makeRoom();
    try {
      const embed = await loadVega();
      const rows = await this.rows.range(0, Math.min(ROWS_DRAWN, this.rows.count));
      if (turn !== this.turn) return;
      this.plan = plan(this.result, this.proposed, this.kind, rows, { ...look(), room: this.chart.clientWidth || 480 });
      const { spec } = this.plan;
      this.width = spec.width = this.chart.clientWidth || 480;
      if (this.kind !== "bar") spec.height = Math.max(200, Math.min(560, this.chart.clientHeight || 260));
      const { view, finalize } = await embed(this.canvas, spec, { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: false, mode: "vega-lite" });
      if (turn !== this.turn) return finalize();
      this.finalize?.();
      Object.assign(this, { view, finalize });
      this.describe();
    } catch {
      this.canvas.replaceChildren(h("p", { class: "quiet empty-rows" }, t("chart.failed")));
    }
    this.wait.remove();
    return undefined;
  }

  describe() {
    const { series, title, notes, description } = this.plan;
    this.title.textContent = title;
    this.title.title = title;
    this.chart.setAttribute("aria-label", description);
    const colours = look().series;
    this.legend.hidden = series.length < 2;
    this.legend.replaceChildren(...series.map((name, at) => {
      const swatch = h("span", { class: "swatch" });
      swatch.style.background = colours[at];
      return h("li", null, swatch, h("span", { class: "cut" }, name));
    }));
    this.notes.hidden = !notes.length;
    this.notes.textContent = notes.join(" · ");
  }

  /** The values at the place nearest to the pointer, all series at once. */
  hover(event) {
    if (!this.view || !this.plan.labels.length) return;
    const across = this.kind === "bar";
    const box = this.canvas.querySelector("svg").getBoundingClientRect();
    const [left, top] = this.view.origin();
    const scale = this.view.scale(across ? "y" : "x");
    const half = (scale.bandwidth?.() ?? 0) / 2;
    const pointer = across ? event.clientY - box.top - top : event.clientX - box.left - left;
    const middle = (label) => scale(label) + half;
    const label = this.plan.labels.reduce((best, each) => (Math.abs(middle(each) - pointer) < Math.abs(middle(best) - pointer) ? each : best));
    const here = this.plan.points.filter((point) => point.x === label);
    this.tip ??= document.body.appendChild(h("div", { class: "tip", "aria-hidden": "true" }));
    this.tip.replaceChildren(h("b", null, String(label)), h("dl", null, here.map((point) => [
      h("dt", null, point.series || heading(this.proposed.y[0])), h("dd", null, cell(point.value, this.plan.format, [2, 0])),
    ])));
    this.tip.style.left = `${Math.min(event.clientX + 14, innerWidth - this.tip.offsetWidth - 8)}px`;
    this.tip.style.top = `${Math.max(8, Math.min(event.clientY + 14, innerHeight - this.tip.offsetHeight - 8))}px`;
    if (!across) {
      const offset = box.left - this.chart.getBoundingClientRect().left;
      this.rule.hidden = false;
      this.rule.style.left = `${offset + left + middle(label)}px`;
    } else this.rule.hidden = true;
  }

  leave() {
    this.tip?.remove();
    this.tip = null;
    this.rule.hidden = true;
  }

  async picture() {
    if (!this.view) await this.draw();
    const background = colour("--bg-raised");
    const plain = this.view.background();
    await this.view.background(background).runAsync();
    const url = await this.view.toImageURL("png", 2);
    await this.view.background(plain).runAsync();
    return url;
  }
}

function colour(token) {
  const probe = document.body.appendChild(h("i", { class: "vh" }));
  probe.style.color = `var(${token})`;
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

function look() {
  return {
    series: [1, 2, 3, 4, 5, 6].map((each) => colour(`--chart-${each}`)),
    soft: colour("--accent-soft"), text: colour("--text"), quiet: colour("--text-2"), grid: colour("--chart-grid"), axis: colour("--line-control"),
    font: getComputedStyle(document.body).fontFamily,
  };
}
