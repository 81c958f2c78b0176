// A table that draws only the rows one looks at: sorting, resizing, a cell lit from outside.
// Selecting and copying live in selection.js, fetching rows in rows.js.

import { h, icon } from "./dom.js";
import { cell, decimals, heading, number, plain } from "./format.js";
import { t } from "./messages.js";
import { Selection } from "./selection.js";

const OVERSCAN = 10;
const SMALL = 60; // tables up to here are drawn whole, and lay themselves out
const CHANGE = /^change( %)?$/i; // of a comparison: which way is part of the figure
const TALLEST = 12e6; // web views cut elements off somewhere above 16 million pixels

export const rowCount = (count) => t("table.rows", { count: number(count) });

export class Table {
  constructor(rows, { title = "", fill = false, truncated = false } = {}) {
    this.rows = rows;
    this.lit = null;
    this.digits = rows.formats.map((format, at) => decimals(format, rows.first.map((row) => row[at])));
    this.right = rows.columns.map(({ type }, at) => ["integer", "decimal", "float"].includes(type) && !["text", "date", "month"].includes(rows.formats[at]));
    this.signed = rows.columns.map(({ name }) => CHANGE.test(name));
    this.virtual = rows.count > SMALL;
    const label = t("table.label", { title, rows: rowCount(rows.count) });
    this.columnGroup = h("colgroup", null, rows.columns.map(() => h("col")));
    this.head = h("thead", null, h("tr", { "aria-rowindex": "1" }, rows.columns.map((column, at) => this.headCell(column, at))));
    this.body = h("tbody");
    this.table = h("table", { class: "tbl", role: "grid", tabindex: "0", "aria-label": label, "aria-rowcount": rows.count + 1, "aria-colcount": rows.columns.length },
      this.columnGroup, this.head, this.body);
    this.scroller = h("div", { class: "grid-scroll" }, this.table);
    this.note = h("div", { class: "grid-note", "data-print": t("table.printed") });
    this.element = h("div", { class: fill ? "grid fill" : "grid" }, this.scroller, this.note);
    this.selection = new Selection(this);
    this.truncated = truncated;
    this.sayCount();
    rows.listeners.add((error) => (error ? this.trouble(error) : this.draw(true)));
    this.scroller.addEventListener("scroll", () => this.soon(), { passive: true });
    this.observer = new ResizeObserver(() => this.refit());
    this.observer.observe(this.scroller);
    this.draw(true);
  }

  headCell(column, at) {
    const name = heading(column.name);
    const arrow = h("span");
    const press = h("button", { type: "button", title: column.name, "aria-label": t("table.sort", { name }), onclick: () => this.sort(at) },
      this.right[at] ? [arrow, h("span", null, name)] : [h("span", null, name), arrow]);
    const grip = h("span", { class: "grip", "aria-hidden": "true", onpointerdown: (event) => this.resize(event, at) });
    return h("th", { scope: "col", class: this.right[at] ? "r" : null, "aria-colindex": at + 1, "aria-label": name }, press, grip);
  }

  /** First press: largest or latest first for numbers, A to Z for words; then the other way; then as it came. */
  sort(at) {
    const { sort } = this.rows;
    const first = this.right[at];
    if (sort?.column !== at) this.rows.sortBy(at, first);
    else if (sort.descending === first) this.rows.sortBy(at, !first);
    else this.rows.sortBy(null);
    [...this.head.rows[0].cells].forEach((head, column) => {
      const on = this.rows.sort?.column === column;
      const arrow = head.querySelector("button > span:empty, button > span:has(svg)");
      arrow.replaceChildren(...(on ? [icon(this.rows.sort.descending ? "sortd" : "sorta")] : []));
      if (on) head.setAttribute("aria-sort", this.rows.sort.descending ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    this.scroller.scrollTop = 0;
    this.selection.clear();
    this.draw(true);
  }

  get rowHeight() {
    this.height ??= parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--row-h")) || 28;
    return this.height;
  }

  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw(false);
    });
  }

  /** Very long tables are squeezed: one pixel of scrolling then stands for more than one of rows. */
  get squeeze() {
    return Math.max(1, (this.rows.count * this.rowHeight) / TALLEST);
  }

  window() {
    if (!this.virtual) return [0, this.rows.count];
    const seen = Math.ceil((this.scroller.clientHeight || 400) / this.rowHeight);
    const first = Math.floor((this.scroller.scrollTop * this.squeeze) / this.rowHeight);
    const from = Math.max(0, Math.min(first, this.rows.count - seen) - OVERSCAN);
    return [from, Math.min(this.rows.count, from + seen + 2 * OVERSCAN)];
  }

  draw(force) {
    const [from, to] = this.window();
    if (!force && from === this.from && to === this.to) return;
    [this.from, this.to] = [from, to];
    this.rows.need(from, to);
    const drawn = [];
    const above = (from * this.rowHeight) / this.squeeze;
    const below = Math.max(0, (this.rows.count * this.rowHeight) / this.squeeze - above - (to - from) * this.rowHeight);
    if (above > 0) drawn.push(this.pad(above));
    for (let place = from; place < to; place++) drawn.push(this.row(place));
    if (below > 0) drawn.push(this.pad(below));
    if (!this.rows.count) drawn.push(h("tr", null, h("td", { class: "empty-rows", colspan: this.rows.columns.length || 1 }, t("table.none"))));
    this.body.replaceChildren(...drawn);
    if (this.virtual && !this.sized && this.scroller.clientWidth) this.fixWidths();
  }

  pad(height) {
    const filler = h("td", { colspan: this.rows.columns.length });
    filler.style.height = `${height}px`;
    return h("tr", { class: "pad", "aria-hidden": "true" }, filler);
  }

  row(place) {
    const values = this.rows.at(place);
    const added = this.marks?.added.has(this.rows.indexOf(place));
    const line = h("tr", { "aria-rowindex": place + 2, class: !values ? "loading" : added ? "added" : null, title: added ? t("changed.new") : null });
    for (let at = 0; at < this.rows.columns.length; at++) line.append(this.cell(values, place, at));
    return line;
  }

  cell(values, place, at) {
    const value = values?.[at];
    const written = values ? cell(value, this.rows.formats[at], this.digits[at]) : "";
    const shown = this.signed[at] && value > 0 ? `+${written}` : written;
    const td = document.createElement("td");
    td.textContent = shown;
    td.dataset.at = `${place},${at}`;
    const exact = plain(value);
    this.markChange(td, place, at, shown);
    if (shown.length > 28 || (this.right[at] && /\.\d{3}/.test(exact))) td.title = exact;
    const classes = [td.className, this.right[at] ? "r" : at === 0 ? "key" : ""];
    if (this.signed[at] && value < 0) classes.push("neg");
    if (values && (value === null || value === undefined)) classes.push("null");
    if (this.lit?.column === at && this.rows.placeOf(this.lit.index) === place) classes.push("hit");
    classes.push(this.selection.classOf(place, at));
    const name = classes.filter(Boolean).join(" ");
    if (name) td.className = name;
    return td;
  }

  /** What stood in a cell before stands beside what is there now. */
  markChange(td, place, at, shown) {
    const index = this.marks ? this.rows.indexOf(place) : -1;
    const key = `${index},${at}`;
    if (!this.marks?.before.has(key)) return;
    const before = cell(this.marks.before.get(key), this.rows.formats[at], this.digits[at]);
    td.replaceChildren(h("del", null, before), h("ins", null, shown));
    td.className = "changed";
    td.title = t("changed.was", { before });
  }

  mark(marks) {
    this.marks = marks;
    this.draw(true);
  }

  /** Another room, other widths; but those that someone has set stay. */
  refit() {
    const width = this.scroller.clientWidth;
    if (this.sized && !this.pulled && width && width !== this.room) {
      this.table.classList.remove("sized");
      this.table.style.width = "";
      for (const column of this.columnGroup.children) column.style.width = "";
      this.fixWidths();
    }
    this.soon();
  }

  /** Once drawn, widths stay, so that scrolling does not make columns breathe. */
  fixWidths() {
    this.sized = true;
    this.table.style.minWidth = "0";
    const widths = [...this.head.rows[0].cells].map((head) => Math.min(360, Math.max(72, head.offsetWidth + 8)));
    this.table.style.minWidth = "";
    const sum = widths.reduce((total, width) => total + width, 0);
    const room = (this.room = this.scroller.clientWidth);
    const grow = sum < room ? room / sum : 1;
    widths.forEach((width, at) => this.setWidth(at, width * grow));
    this.table.classList.add("sized");
  }

  setWidth(at, width) {
    this.columnGroup.children[at].style.width = `${Math.round(width)}px`;
    const total = [...this.columnGroup.children].reduce((sum, column) => sum + (parseFloat(column.style.width) || 0), 0);
    this.table.style.width = `${total}px`;
  }

  resize(event, at) {
    event.preventDefault();
    if (!this.sized) this.fixWidths();
    this.pulled = true;
    const grip = event.currentTarget;
    const start = event.clientX;
    const width = this.head.rows[0].cells[at].offsetWidth;
    grip.setPointerCapture(event.pointerId);
    grip.classList.add("on");
    const move = (moved) => this.setWidth(at, Math.max(48, width + moved.clientX - start));
    const end = () => {
      grip.classList.remove("on");
      grip.removeEventListener("pointermove", move);
    };
    grip.addEventListener("pointermove", move);
    grip.addEventListener("lostpointercapture", end, { once: true });
  }

  /** Light the cell a figure came from, and bring it into view. */
  light(index, column) {
    const place = this.rows.placeOf(index);
    if (place < 0) return;
    this.lit = { index, column };
    this.reveal(place, column ?? 0);
    this.draw(true);
  }

  unlight() {
    this.lit = null;
    this.draw(true);
  }

  reveal(place, column) {
    const top = (place * this.rowHeight) / this.squeeze;
    const view = this.scroller;
    const room = view.clientHeight - 30 - this.rowHeight;
    if (top < view.scrollTop || top > view.scrollTop + room) view.scrollTop = Math.max(0, top - room / 2);
    const head = this.head.rows[0].cells[column];
    if (head.offsetLeft < view.scrollLeft) view.scrollLeft = head.offsetLeft;
    else if (head.offsetLeft + head.offsetWidth > view.scrollLeft + view.clientWidth) view.scrollLeft = head.offsetLeft + head.offsetWidth - view.clientWidth;
  }

  sayCount(selected) {
    const count = h("span", null, rowCount(this.rows.count));
    const cut = this.truncated ? h("span", { class: "warn" }, t("table.cut", { count: number(this.rows.count) })) : null;
    this.note.replaceChildren(count, ...(cut ? [cut] : []), ...(selected ? [selected] : []));
    this.note.hidden = this.rows.count <= 1 && !this.truncated && !selected;
  }

  trouble(error) {
    this.note.replaceChildren(h("span", { class: "bad" }, t("table.failed", { why: error.message })));
  }
}
