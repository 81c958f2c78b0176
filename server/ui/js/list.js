// A list of things from the API: search, pages, and what it says when it is empty, waiting or refused.

import { h, icon, later, button } from "./dom.js";
import { empty, failed, waiting } from "./parts.js";

/**
 * ``columns``: {head, cell(row), kind}; the first one links to ``href(row)``. ``load({search, after})`` gives
 * {rows, next}; without ``paged`` it gives all, and the search happens here over ``words(row)``.
 */
export class List {
  constructor({ label, columns, load, href, words, none, search = "Search", filters = [] }) {
    Object.assign(this, { columns, load, href, words, none });
    this.body = h("tbody");
    this.table = h("table", { class: "list", "aria-label": label }, h("thead", null, h("tr", null, columns.map(({ head, kind }) => h("th", { scope: "col", class: kind ?? null }, head)))), this.body);
    this.under = h("div", { class: "list-end" });
    this.field = h("input", { type: "search", "aria-label": search, placeholder: search, autocomplete: "off", spellcheck: "false", maxlength: "200" });
    const soon = later(250, () => this.read());
    this.field.addEventListener("input", () => (words ? this.draw() : soon()));
    this.tools = h("div", { class: "list-tools" }, search ? h("div", { class: "field find" }, icon("search"), this.field) : null, filters);
    this.element = h("div", { class: "list-place" }, this.tools, this.table, this.under);
    this.asked = 0;
    this.rows = null;
    addEventListener("hashchange", () => this.mark());
  }

  /** The line whose thing is open beside the list. */
  mark() {
    for (const line of this.body.rows) {
      const link = line.querySelector("a.open");
      const to = link.getAttribute("href");
      const open = location.hash === to || location.hash.startsWith(`${to}/`);
      line.classList.toggle("on", open);
      if (open) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  get search() {
    return this.field.value.trim();
  }

  /** From the start. What is shown stays until the answer is there. */
  async read() {
    const mine = (this.asked += 1);
    if (!this.rows) {
      this.table.hidden = true;
      this.under.replaceChildren(waiting("Reading"));
    }
    try {
      const { rows, next } = await this.load({ search: this.search });
      if (mine !== this.asked) return;
      this.rows = rows;
      this.next = next;
      this.draw();
    } catch (error) {
      if (mine !== this.asked) return;
      this.rows = null;
      this.table.hidden = true;
      this.under.replaceChildren(failed(error, () => this.read()));
    }
  }

  async readMore() {
    const mine = this.asked;
    this.under.replaceChildren(waiting("Reading more"));
    try {
      const { rows, next } = await this.load({ search: this.search, after: this.next });
      if (mine !== this.asked) return;
      this.rows.push(...rows);
      this.next = next;
      this.draw();
    } catch (error) {
      if (mine === this.asked) this.under.replaceChildren(failed(error, () => this.readMore()));
    }
  }

  draw() {
    if (!this.rows) return;
    const sought = this.search.toLowerCase();
    const shown = this.words && sought ? this.rows.filter((row) => this.words(row).toLowerCase().includes(sought)) : this.rows;
    this.body.replaceChildren(...shown.map((row) => this.line(row)));
    this.mark();
    this.table.hidden = !shown.length;
    if (shown.length) this.under.replaceChildren(this.next ? button("btn", null, "Show more", () => this.readMore()) : "");
    else if (sought) this.under.replaceChildren(empty("Nothing found", `Nothing here fits “${this.search}”.`, button("btn small", null, "Show all", () => this.clear())));
    else this.under.replaceChildren(this.none());
  }

  clear() {
    this.field.value = "";
    this.read();
    this.field.focus();
  }

  line(row) {
    const cells = this.columns.map(({ head, cell, kind }, at) => {
      const content = cell(row);
      return at === 0
        ? h("th", { scope: "row" }, h("a", { class: "open", href: this.href(row) }, content))
        : h("td", { class: kind ?? null, "data-head": head }, h("div", { class: "cell" }, content));
    });
    const line = h("tr", null, cells);
    line.addEventListener("click", (event) => {
      if (!event.target.closest("a, button, input") && !getSelection()?.toString()) line.querySelector("a").click();
    });
    return line;
  }
}
