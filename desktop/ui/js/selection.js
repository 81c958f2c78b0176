// Cells chosen in a table, as in a spreadsheet: click, drag, arrows, Shift, Ctrl A, Ctrl C; and their sum.

import { copyText } from "./clipboard.js";
import { h } from "./dom.js";
import { cell, isNumber, number, plain } from "./format.js";
import { t } from "./messages.js";

const SUMMED = 20000; // cells looked at for the sum: beyond it only their count is told

export class Selection {
  constructor(table) {
    this.table = table;
    this.clear();
    const grid = table.table;
    grid.addEventListener("pointerdown", (event) => this.press(event));
    grid.addEventListener("pointerover", (event) => this.drag(event));
    grid.addEventListener("keydown", (event) => this.key(event));
  }

  clear() {
    this.from = this.to = null;
  }

  classOf(place, column) {
    if (!this.to) return "";
    const { top, bottom, left, right } = this.box();
    if (place === this.to[0] && column === this.to[1]) return top === bottom && left === right ? "cur" : "cur sel";
    return place >= top && place <= bottom && column >= left && column <= right ? "sel" : "";
  }

  box() {
    const [one, two] = [this.from, this.to];
    return {
      top: Math.min(one[0], two[0]),
      bottom: Math.max(one[0], two[0]),
      left: Math.min(one[1], two[1]),
      right: Math.max(one[1], two[1]),
    };
  }

  static at(event) {
    return event.target.closest?.("td[data-at]")?.dataset.at.split(",").map(Number) ?? null;
  }

  press(event) {
    const cellAt = Selection.at(event);
    if (!cellAt || event.button !== 0) return;
    this.to = cellAt;
    if (!event.shiftKey || !this.from) this.from = cellAt;
    this.dragging = event.pointerType === "mouse";
    if (this.dragging) {
      event.preventDefault();
      this.table.table.focus({ preventScroll: true });
      addEventListener("pointerup", () => (this.dragging = false), { once: true });
    }
    this.changed();
  }

  drag(event) {
    const cellAt = this.dragging ? Selection.at(event) : null;
    if (!cellAt) return;
    this.to = cellAt;
    this.changed();
  }

  key(event) {
    if (event.target !== this.table.table) return;
    const control = event.ctrlKey || event.metaKey;
    const last = [this.table.rows.count - 1, this.table.rows.columns.length - 1];
    const here = this.to ?? [0, 0];
    const page = Math.max(1, this.table.to - this.table.from - 22);
    const moves = {
      ArrowDown: [control ? last[0] : here[0] + 1, here[1]],
      ArrowUp: [control ? 0 : here[0] - 1, here[1]],
      ArrowRight: [here[0], control ? last[1] : here[1] + 1],
      ArrowLeft: [here[0], control ? 0 : here[1] - 1],
      PageDown: [here[0] + page, here[1]],
      PageUp: [here[0] - page, here[1]],
      Home: [control ? 0 : here[0], 0],
      End: [control ? last[0] : here[0], last[1]],
    };
    const key = event.key.toLowerCase();
    if (control && key === "c") this.copy();
    else if (control && key === "a") [this.from, this.to] = [[0, 0], last];
    else if (event.key === "Escape" && this.to) this.clear();
    else if (moves[event.key]) {
      const to = this.to ? moves[event.key] : here;
      this.to = [Math.min(last[0], Math.max(0, to[0])), Math.min(last[1], Math.max(0, to[1]))];
      if (!event.shiftKey || !this.from) this.from = this.to;
      this.table.reveal(...this.to);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    this.changed();
  }

  changed() {
    this.table.draw(false);
    for (const td of this.table.body.querySelectorAll("td[data-at]")) {
      const name = this.classOf(...td.dataset.at.split(",").map(Number));
      td.classList.toggle("sel", name.includes("sel"));
      td.classList.toggle("cur", name.includes("cur"));
    }
    this.table.sayCount(this.to ? this.summary() : null);
  }

  /** What a spreadsheet says at its foot: how many, their sum, their average. */
  summary() {
    const { top, bottom, left, right } = this.box();
    const cells = (bottom - top + 1) * (right - left + 1);
    const values = [];
    if (cells <= SUMMED) {
      for (let place = top; place <= bottom; place++) {
        const row = this.table.rows.at(place);
        for (let at = left; row && at <= right; at++) if (isNumber(row[at])) values.push(Number(row[at]));
      }
    }
    const parts = [];
    if (cells === 1) parts.push(h("b", null, plain(this.table.rows.at(top)?.[left])));
    else parts.push(t("table.cells", { count: number(cells) }));
    if (cells > 1 && values.length > 1) {
      const sum = values.reduce((total, value) => total + value, 0);
      const format = left === right ? this.table.rows.formats[left] : "number";
      if (format !== "percent") parts.push(" · ", t("table.sum"), " ", h("b", null, cell(sum, format, [2, 0])));
      parts.push(" · ", t("table.average"), " ", h("b", null, cell(sum / values.length, format, [2, 0])));
    }
    return h("span", { class: "end" }, parts);
  }

  async copy() {
    if (!this.to) return;
    const { top, bottom, left, right } = this.box();
    const rows = await this.table.rows.range(top, bottom + 1);
    await copyText(rows.map((row) => row.slice(left, right + 1).map(spreadsheet).join("\t")).join("\n"), t("copied"));
  }
}

// shared/spreadsheet_text.py has the same rule for files
const FORMULA = /^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]/;
const isText = (value) => typeof value === "string" || (typeof value === "object" && value !== null);

/** A cell that can neither break the table it is pasted into, nor become a formula there. */
export function spreadsheet(value) {
  const text = plain(value).replace(/[\t\r\n]+/g, " ");
  return isText(value) && FORMULA.test(text) ? `'${text}` : text;
}

/** The whole result with its heads, ready to paste. */
export function asText(rows, columns) {
  return [columns.map(({ name }) => spreadsheet(name)).join("\t"), ...rows.map((row) => row.map(spreadsheet).join("\t"))].join("\n");
}
