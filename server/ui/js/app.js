// The frame of the console: its pages by their permissions, where the address leads, the theme, signing out.

import { mayLeave, shutDrawer } from "./drawer.js";
import { button, by, h, icon } from "./dom.js";
import { empty, note } from "./parts.js";
import { may, whoami } from "./session.js";
import { Status, theme, useTheme } from "./status.js";

export class App {
  constructor(pages, signOut) {
    this.pages = pages.filter(({ needs }) => lacks(needs).length === 0);
    this.lacking = pages.filter(({ needs }) => lacks(needs).length > 0);
    this.signOut = signOut;
    this.made = new Map();
    this.status = new Status();
    this.address = "";
    this.onHash = () => this.route();
    addEventListener("hashchange", this.onHash);
    by("app").hidden = false;
    by("menu-btn").onclick = () => this.openRail(!by("rail").classList.contains("open"));
    by("scrim").onclick = () => this.openRail(false);
    this.drawRail();
    this.route();
  }

  /** Nothing of what was shown stays in the page. */
  end() {
    removeEventListener("hashchange", this.onHash);
    this.status.end();
    shutDrawer();
    for (const id of ["rail-list", "rail-foot", "main-view", "status", "banner-place"]) by(id).replaceChildren();
    by("app").hidden = true;
  }

  drawRail() {
    this.items = new Map(this.pages.map(({ id, title, sign }) => [id, h("a", { class: "item", href: `#/${id}` }, icon(sign), h("span", { class: "cut grow" }, title))]));
    by("rail-list").replaceChildren(...this.items.values());
    const choice = h("div", { class: "seg themes", role: "group", "aria-label": "Theme" }, ["system", "light", "dark"].map((name) =>
      h("button", { type: "button", "aria-pressed": String(theme() === name), onclick: (event) => {
        useTheme(name);
        for (const one of choice.children) one.setAttribute("aria-pressed", String(one === event.currentTarget));
      } }, name[0].toUpperCase() + name.slice(1))));
    by("rail-foot").replaceChildren(
      h("a", { class: "item", href: "/docs", target: "_blank", rel: "noopener" }, icon("code"), h("span", { class: "cut grow" }, "API docs")),
      choice, button("item", "leave", "Sign out", () => this.signOut("")));
  }

  openRail(open) {
    by("rail").classList.toggle("open", open);
    by("menu-btn").setAttribute("aria-expanded", String(open));
    if (open) by("rail").querySelector("a")?.focus();
  }

  async route() {
    if (location.hash === this.address && this.address) return;
    if (!(await mayLeave())) {
      history.replaceState(null, "", this.address);
      return;
    }
    shutDrawer();
    this.openRail(false);
    this.address = location.hash;
    const [id = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(plain);
    const page = this.pages.find((one) => one.id === id) ?? (id ? null : this.pages[0]);
    for (const [name, item] of this.items) {
      if (name === page?.id) item.setAttribute("aria-current", "page");
      else item.removeAttribute("aria-current");
    }
    by("title").textContent = page?.title ?? "";
    document.title = page ? `${page.title} · V-Mart backend` : "V-Mart backend";
    if (!page) this.refuse(id);
    else this.show(page, rest);
  }

  show(page, rest) {
    if (!this.made.has(page.id)) this.made.set(page.id, page.make(this));
    const view = this.made.get(page.id);
    if (by("main-view").firstElementChild !== view.element) by("main-view").replaceChildren(view.element);
    view.show(rest);
  }

  refuse(id) {
    const lacking = this.lacking.find((one) => one.id === id);
    const known = this.pages.map(({ title }) => title).join(", ");
    const says = lacking
      ? note("warn", `The key “${whoami().name}” has no permission ${lacks(lacking.needs).join(", ")}, and so “${lacking.title}” is not shown. Someone who may manage keys can give it.`)
      : this.pages.length ? empty("There is no such page", `There are: ${known}.`) : note("warn", `The key “${whoami().name}” may see nothing of the administration. Sign in with a key that has more permissions.`);
    by("main-view").replaceChildren(h("div", { class: "scroll" }, h("div", { class: "page" }, says)));
  }

  go(...parts) {
    location.hash = `#/${parts.map(encodeURIComponent).join("/")}`;
  }
}

const lacks = (needs) => [needs].flat().filter((permission) => !may(permission));

function plain(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
