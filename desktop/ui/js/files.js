// The place Files: what is granted, as a tree; what is in a folder or a file; search in all of it.

import { get, post, remove } from "./api.js";
import { button, h, icon } from "./dom.js";
import { askAbout } from "./drop.js";
import { hrefOf, parentOf, signOf, steps, wayUp } from "./file_path.js";
import { FileSearch } from "./file_search.js";
import { FileView } from "./file_view.js";
import { bytes, clockOrDay, number } from "./format.js";
import { GrantForm } from "./grant_form.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";
import { toast } from "./toast.js";
import { query } from "./wire.js";

const MOST_ROWS = 2000;

export class Files {
  constructor(app) {
    this.app = app;
    this.title = "files.title";
    this.listings = new Map();
    this.open = new Set();
    this.path = null;
    this.find = h("input", { type: "search", "aria-label": t("files.find"), placeholder: t("files.find"), onkeydown: (event) => event.key === "Enter" && this.look() , oninput: () => !this.find.value && this.show(this.path) });
    this.tree = h("div", { class: "tree" });
    this.detail = h("div", { class: "pane", tabindex: "0", role: "region", "aria-label": t("files.title") });
    this.acts = h("div", { class: "acts" }, button("btn small primary", "plus", t("files.grant"), () => this.grant()), button("btn small", "file", t("files.add"), () => app.drop.choose((entry) => this.arrived(entry))));
    this.element = h("div", { class: "split files" },
      h("nav", { class: "pane", "aria-label": t("files.label") }, h("div", { class: "pane-pad stack" }, this.acts, h("label", { class: "field" }, icon("search"), this.find)), this.tree),
      this.detail);
    this.view = new FileView(this);
    this.search = new FileSearch();
    this.form = new GrantForm((grant) => this.granted(grant), () => this.show(this.path));
    on("grants", () => this.element.isConnected && this.show(this.path));
  }

  /** From the news: what is granted has changed. */
  async changed() {
    try {
      const { grants, dialog } = await get("/api/grants");
      this.listings.clear();
      update({ grants, folderDialog: dialog });
    } catch {
      return; // the window says by itself that the program does not answer
    }
  }

  show(path) {
    this.path = path || null;
    this.search.stop();
    this.element.classList.toggle("picked", Boolean(path));
    this.element.classList.toggle("bare", !state.grants?.length);
    this.drawTree();
    if (!state.grants?.length) return this.drawEmpty();
    if (!this.path) return this.drawGrants();
    for (const above of steps(this.path)) this.open.add(above);
    return this.drawPath();
  }

  leave() {
    this.search.stop();
  }

  // -- The tree ------------------------------------------------------------------------

  drawTree() {
    const held = this.tree.contains(document.activeElement) ? document.activeElement.dataset.path : null;
    const rows = [];
    const below = (path, level) => {
      const listing = this.listing(path);
      for (const entry of listing?.entries?.slice(0, MOST_ROWS) ?? []) {
        rows.push(this.branch(entry.path, entry.name, level, entry));
        if (entry.kind === "folder" && this.open.has(entry.path)) below(entry.path, level + 1);
      }
    };
    for (const grant of state.grants ?? []) {
      rows.push(this.branch(grant.name, grant.name, 0, { kind: "folder" }));
      if (this.open.has(grant.name)) below(grant.name, 1);
    }
    this.tree.replaceChildren(...rows);
    if (held) this.tree.querySelector(`[data-path="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  }

  branch(path, name, level, entry) {
    const here = path === this.path ? "true" : null;
    const depth = `lv lv-${Math.min(level, 8)}`;
    if (entry.kind !== "folder") return h("a", { class: `item ${depth}`, href: hrefOf(path), "aria-current": here, "data-path": path }, icon(signOf(entry)), h("span", { class: "cut grow" }, name));
    const isOpen = this.open.has(path);
    return h("div", { class: "branch" },
      h("button", { type: "button", class: `twist ${depth}`, "aria-expanded": String(isOpen), "aria-label": name, onclick: () => this.toggle(path) }, icon(isOpen ? "down" : "right")),
      h("a", { class: "item grow", href: hrefOf(path), "aria-current": here, "data-path": path }, h("span", { class: level ? "cut" : "cut strong" }, name)));
  }

  toggle(path) {
    if (!this.open.delete(path)) this.open.add(path);
    this.drawTree();
  }

  /** What is known of a folder; asked for when it is not known yet. */
  listing(path) {
    const known = this.listings.get(path);
    if (!known) this.load(path);
    return known;
  }

  async load(path) {
    this.listings.set(path, { loading: true });
    try {
      this.listings.set(path, await get(`/api/files?${query({ path })}`));
    } catch (error) {
      this.listings.set(path, { error });
    }
    this.drawTree();
    if (this.path && (path === this.path || path === parentOf(this.path))) this.drawPath();
  }

  // -- The detail ----------------------------------------------------------------------

  drawPath() {
    const [grant] = steps(this.path);
    const isGrant = state.grants.some(({ name }) => name === this.path);
    const above = isGrant ? null : this.listing(parentOf(this.path));
    if (above?.loading) return;
    const entry = above?.entries?.find(({ path }) => path === this.path);
    if (isGrant || entry?.kind === "folder") this.drawFolder(state.grants.find(({ name }) => name === grant));
    else {
      if (!this.view.element.isConnected) this.detail.replaceChildren(this.view.element);
      this.view.show(this.path);
    }
  }

  drawFolder(grant) {
    const listing = this.listing(this.path);
    const say = (...what) => this.detail.replaceChildren(h("div", { class: "page" }, this.folderHead(grant), what));
    if (!listing || listing.loading) return say(h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("files.loading")));
    if (listing.error) return say(h("p", { class: "bad" }, t("files.failed", { path: this.path, why: listing.error.message })));
    const notes = [listing.shut ? h("p", { class: "quiet small" }, t("files.shut", { count: number(listing.shut) })) : null, listing.cut ? h("p", { class: "quiet small" }, t("files.cut", { count: number(listing.entries.length) })) : null];
    if (!listing.entries.length) return say(h("p", { class: "quiet" }, t("files.folderEmpty")), notes);
    this.detail.replaceChildren(h("div", { class: "page head" }, this.folderHead(grant)), table(listing.entries.slice(0, MOST_ROWS)), h("div", { class: "page" }, notes));
    return undefined;
  }

  folderHead(grant) {
    const whole = grant?.name === this.path;
    return h("div", { class: "page-h" },
      h("div", { class: "grow" }, wayUp(this.path), h("h2", null, this.path.split("/").at(-1)), h("p", { class: "quiet small where" }, whole ? grant.place || t("files.dropWhy") : this.path)),
      whole ? h("div", { class: "acts" }, button("btn", null, t("files.revoke"), () => this.revoke(grant))) : null);
  }

  drawGrants() {
    this.detail.replaceChildren(h("div", { class: "page" }, this.form.element.isConnected ? this.form.element : null,
      h("p", { class: "quiet" }, t("files.lead")),
      h("ul", { class: "grants" }, state.grants.map((grant) => h("li", { class: "row" }, icon("folder"),
        h("a", { class: "grow cut", href: hrefOf(grant.name) }, h("span", { class: "strong" }, grant.name), h("span", { class: "quiet small where" }, grant.place || t("files.dropWhy"))),
        button("btn small", null, t("files.revoke"), () => this.revoke(grant)))))));
  }

  drawEmpty() {
    this.detail.replaceChildren(h("div", { class: "page" }, h("div", { class: "empty" }, icon("file"), h("h2", null, t("files.empty")), h("p", { class: "quiet" }, t("files.emptyWhy")),
      h("div", { class: "acts" }, button("btn primary", "plus", t("files.grant"), () => this.grant()), button("btn", "file", t("files.add"), () => this.app.drop.choose((entry) => this.arrived(entry)))))));
  }

  look() {
    const text = this.find.value.trim();
    if (!text) return;
    this.element.classList.add("picked");
    this.detail.replaceChildren(this.search.element);
    this.search.run(text);
  }

  // -- What changes --------------------------------------------------------------------

  async grant() {
    if (state.folderDialog) return this.form.choose();
    this.detail.replaceChildren(h("div", { class: "page" }, this.form.element));
    this.element.classList.add("picked");
    this.form.begin();
    return undefined;
  }

  async granted(grant) {
    await this.changed();
    this.app.go(hrefOf(grant.name));
    const { left } = this.app.places.tasks.form; // a task was being written that needs the folder
    toast(t("files.granted", { name: grant.name }), left ? { label: t("save.back"), act: () => this.app.go(left.href) } : undefined);
  }

  async revoke(grant) {
    try {
      await remove(`/api/grants/${grant.id}`);
    } catch (error) {
      toast(t("failed", { why: error.message }));
      return;
    }
    await this.changed();
    if (this.element.isConnected) this.app.go("#/files");
    const undo = async () => {
      try {
        await post(`/api/grants/${grant.id}/restore`);
        await this.changed();
      } catch (error) {
        toast(error.message);
      }
    };
    toast(t("files.revoked", { name: grant.name }), { label: t("undo"), act: undo });
  }

  isDropped(entry) {
    return state.grants?.some(({ name, kind }) => kind === "dropped" && name === steps(entry.path)[0]);
  }

  async remove(entry) {
    try {
      const { removal } = await post("/api/files/remove", { path: entry.path });
      await this.changed();
      this.app.go(hrefOf(parentOf(entry.path)));
      toast(t("files.removed", { name: entry.name }), { label: t("undo"), act: () => post(`/api/files/removed/${removal}/restore`).then(() => this.changed()) });
    } catch (error) {
      toast(t("failed", { why: error.message }));
    }
  }

  /** From the news: the agent wrote what the person said yes to. */
  written({ id, path, replaced }) {
    const undo = async () => {
      try {
        await post(`/api/files/written/${encodeURIComponent(id)}/undo`);
        toast(t("files.undone", { path }));
      } catch (error) {
        toast(error.message);
      }
      this.changed();
    };
    this.changed();
    toast(t(replaced ? "files.replaced" : "files.written", { path }), { label: t("undo"), act: undo });
  }

  async arrived(entry) {
    await this.changed();
    this.app.go(hrefOf(entry.path));
  }

  ask(entry) {
    askAbout(this.app, entry);
  }
}

function table(entries) {
  const row = (entry) => h("tr", null, h("th", { scope: "row" }, h("a", { class: "row", href: hrefOf(entry.path) }, icon(signOf(entry)), h("span", { class: "cut" }, entry.name))),
    h("td", { class: "quiet opt" }, t(`files.kind.${entry.kind}`)), h("td", { class: "num" }, entry.kind === "folder" ? "" : bytes(entry.size)), h("td", { class: "quiet nowrap opt" }, clockOrDay(entry.modified_at)));
  return h("table", { class: "cols listing" }, h("thead", null, h("tr", null, h("th", { scope: "col" }, t("files.name")), h("th", { scope: "col", class: "w-kind opt" }, t("files.kind")), h("th", { scope: "col", class: "num w-size" }, t("files.size")), h("th", { scope: "col", class: "w-when opt" }, t("files.changed")))), h("tbody", null, entries.map(row)));
}
