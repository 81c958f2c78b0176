// The Settings place: the list of its sections. What stands in one is in a file of its own, settings_<name>.js.
//
// A section is { name, icon, hears, draw, open? }: `hears` names the fields of the state that it shows, and it
// alone is drawn anew when they change; draw(again) gives its rows, and again() has it drawn once more;
// open(again) is called each time that Settings is opened, and may give a promise of what it fetches. Its title is the message set.<name>.

import { h, icon } from "./dom.js";
import { t } from "./messages.js";
import { account } from "./settings_account.js";
import { about } from "./settings_about.js";
import { answers } from "./settings_answers.js";
import { appearance } from "./settings_appearance.js";
import { connection } from "./settings_connection.js";
import { files } from "./settings_files.js";
import { keys } from "./settings_keys.js";
import { notifications } from "./settings_notifications.js";
import { privacy } from "./settings_privacy.js";
import { program } from "./settings_program.js";
import { start } from "./settings_start.js";
import { on } from "./state.js";

// In this order: connection, account, privacy, files, notifications, answers, appearance, start, keys, about.
const SECTIONS = [
  connection,
  account,
  privacy,
  files,
  notifications,
  answers,
  appearance,
  start,
  program,
  keys,
  about,
];

export class Settings {
  constructor() {
    this.title = "set.title";
    this.places = new Map(SECTIONS.map((section) => [section, h("section", { id: `set-${section.name}`, "aria-label": t(`set.${section.name}`) })]));
    this.page = h("div", { class: "page narrow" }, [...this.places.values()]);
    this.links = new Map(SECTIONS.map(({ name, icon: sign }) => [name, h("a", { class: "item", href: `#/settings/${name}` }, icon(sign), h("span", { class: "cut grow" }, t(`set.${name}`)))]));
    this.index = h("div", { class: "tree index" }, [...this.links.values()]);
    this.element = h("div", { class: "split settings" },
      h("nav", { class: "pane", "aria-label": t("set.title") }, this.index),
      h("div", { class: "pane", tabindex: "0", role: "region", "aria-label": t("set.title") }, this.page));
    this.inView = new Set();
    const eyes = new IntersectionObserver((seen) => this.looked(seen), { rootMargin: "-120px 0px -40px 0px" });
    for (const place of this.places.values()) eyes.observe(place);
    for (const section of SECTIONS) if (section.hears) on(section.hears, () => this.element.isConnected && this.draw(section));
  }

  /** The section that was asked for is marked while it is in view, and the first in view otherwise. */
  looked(seen) {
    for (const { target, isIntersecting } of seen) this.inView[isIntersecting ? "add" : "delete"](target);
    this.mark();
  }

  mark() {
    const names = SECTIONS.filter((section) => this.inView.has(this.places.get(section))).map(({ name }) => name);
    const now = names.includes(this.wanted) ? this.wanted : names[0];
    for (const [name, link] of this.links) {
      if (name === now) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
    const marked = this.links.get(now);
    if (marked) this.index.scrollLeft = marked.offsetLeft - this.index.clientWidth / 3; // where it is a strip
  }

  async show(name) {
    const { hash } = location;
    this.wanted = name;
    this.mark();
    const to = () => name && location.hash === hash && this.page.querySelector(`#set-${CSS.escape(name)}`)?.scrollIntoView();
    const opened = SECTIONS.map((section) => {
      this.draw(section);
      return section.open?.(() => this.element.isConnected && this.draw(section));
    });
    to();
    await Promise.allSettled(opened); // what has come by now has moved it
    to();
  }

  /** What had the focus has it again when it is marked with data-choice. */
  draw(section) {
    const place = this.places.get(section);
    const held = place.contains(document.activeElement) ? document.activeElement.dataset.choice : null;
    place.replaceChildren(h("h2", { class: "set-h" }, t(`set.${section.name}`)), ...section.draw(() => this.draw(section)));
    if (held) place.querySelector(`[data-choice="${CSS.escape(held)}"]`)?.focus();
  }
}
