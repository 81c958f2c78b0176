// The rows of a result: those that came with it, and pages fetched as someone looks. Draws nothing.

import { get } from "./api.js";
import { query } from "./wire.js";

const PAGE = 500;

export class Rows {
  constructor(result) {
    this.result = result;
    this.columns = result.columns;
    this.formats = result.formats ?? result.columns.map(() => "text");
    this.count = result.row_count;
    this.first = result.rows;
    this.sort = null;
    this.listeners = new Set();
    this.reset();
  }

  get whole() {
    return this.first.length >= this.count;
  }

  reset() {
    this.known = new Map();
    this.asked = new Set();
    this.order = null;
  }

  /** The row at a place in the order shown, or undefined while it is on its way. */
  at(place) {
    if (this.order) return this.order[place];
    if (!this.sort && place < this.first.length) return this.first[place];
    return this.known.get(Math.floor(place / PAGE))?.[place % PAGE];
  }

  /** Where a row of the result as it came stands now; -1 when a sorted page hides it. */
  placeOf(index) {
    if (!this.sort) return index;
    return this.order ? this.order.indexOf(this.first[index]) : -1;
  }

  /** Which row of the result as it came stands at a place; -1 where a sorted page hides it. */
  indexOf(place) {
    if (!this.sort) return place;
    return this.order ? this.first.indexOf(this.order[place]) : -1;
  }

  sortBy(column, descending) {
    this.sort = column === null ? null : { column, descending };
    this.reset();
    if (this.sort && this.whole) this.order = [...this.first].sort(comparing(column, descending));
  }

  /** See to it that these places are loaded; listeners hear when they are. */
  need(from, to) {
    if (this.order || (!this.sort && to <= this.first.length)) return;
    for (let page = Math.floor(from / PAGE); page <= Math.floor((to - 1) / PAGE); page++) {
      const inFirst = !this.sort && (page + 1) * PAGE <= this.first.length;
      if (!inFirst && !this.asked.has(page)) this.load(page);
    }
  }

  async load(page) {
    const asked = this.asked;
    asked.add(page);
    try {
      const rows = await this.fetch(page * PAGE, Math.min(PAGE, this.count - page * PAGE));
      if (asked !== this.asked) return;
      this.known.set(page, rows);
      for (const listener of this.listeners) listener(null);
    } catch (error) {
      asked.delete(page);
      for (const listener of this.listeners) listener(error);
    }
  }

  async fetch(offset, limit) {
    const sort = this.sort ? { sort: this.columns[this.sort.column].name, descending: this.sort.descending ? 1 : 0 } : {};
    const answer = await get(`/api/results/${encodeURIComponent(this.result.result_id)}?${query({ offset, limit, ...sort })}`);
    return answer.rows;
  }

  /** Rows in a range as they are shown, fetched where needed: for copying and for charts. */
  async range(from, to) {
    const rows = [];
    for (let place = from; place < to; ) {
      if (this.at(place)) {
        rows.push(this.at(place));
        place++;
        continue;
      }
      const fetched = await this.fetch(place, Math.min(5000, to - place));
      if (!fetched.length) break;
      rows.push(...fetched);
      place += fetched.length;
    }
    return rows;
  }
}

function comparing(column, descending) {
  const way = descending ? -1 : 1;
  const words = new Intl.Collator("en-IN", { numeric: true });
  return (one, two) => {
    const a = one[column];
    const b = two[column];
    if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
    if (typeof a === "string" && typeof b === "string") return way * words.compare(a, b);
    return way * (a < b ? -1 : a > b ? 1 : 0);
  };
}
