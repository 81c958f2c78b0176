// The list of conversations by day: rename, pin, export, delete with a way back.

import { get, patch, post, remove } from "./api.js";
import { saveConversation } from "./clipboard.js";
import { by, h, icon, iconButton } from "./dom.js";
import { menu } from "./menu.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";
import { toast } from "./toast.js";

const DAY = 86400000;

export class Rail {
  /** ``app``: opened id is state.current; gone(id), back(id), renamed(id, title). */
  constructor(app) {
    this.app = app;
    this.list = by("rail-list");
    this.changes = 0;
    on("conversations current running", () => this.soon());
  }

  /** An answer that left before something changed here is old: ask again. */
  async refresh() {
    const { changes } = this;
    try {
      const { conversations } = await get("/api/conversations");
      if (changes !== this.changes) return await this.refresh();
      update({ conversations });
    } catch (error) {
      if (!state.conversations) this.list.replaceChildren(h("p", { class: "rail-empty" }, t("rail.failed", { why: error.message })));
    }
    return undefined;
  }

  soon() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      if (!this.list.querySelector("input")) this.draw();
    });
  }

  draw() {
    if (!state.conversations) return;
    if (!state.conversations.length) {
      this.list.replaceChildren(h("p", { class: "rail-empty" }, t("rail.empty")));
      return;
    }
    const held = this.list.contains(document.activeElement) ? document.activeElement.closest(".conv")?.dataset.id : null;
    const top = this.list.scrollTop;
    const groups = new Map();
    for (const each of state.conversations) {
      const day = each.pinned ? "rail.pinned" : dayOf(each.updated_at);
      if (!groups.has(day)) groups.set(day, []);
      groups.get(day).push(each);
    }
    const order = ["rail.pinned", "day.today", "day.yesterday", "day.week", "day.month", "day.older"];
    this.list.replaceChildren(...order.filter((day) => groups.has(day)).map((day) =>
      h("section", null, h("h2", { class: "rail-day" }, t(day)), h("ul", null, groups.get(day).map((each) => this.entry(each))))));
    this.list.scrollTop = top;
    if (held) this.list.querySelector(`[data-id="${CSS.escape(held)}"] .item`)?.focus({ preventScroll: true });
  }

  entry(each) {
    const busy = state.running.has(each.id);
    const link = h("a", { class: busy ? "item busy" : "item", href: `#/c/${encodeURIComponent(each.id)}`, "aria-current": state.current === each.id ? "page" : null, title: each.title },
      h("span", { class: "cut grow" }, each.title),
      busy ? h("span", { class: "spin", role: "img", "aria-label": t("rail.running") }) : each.pinned ? h("span", { class: "pinned" }, icon("pin")) : null);
    const more = iconButton("more", t("rail.more", { title: each.title }), () => this.more(more, each), { class: "ghost only more", "aria-haspopup": "menu", "aria-expanded": "false" });
    const element = h("li", { class: "conv", "data-id": each.id }, link, more);
    link.addEventListener("keydown", (event) => {
      if (event.key === "F2") this.rename(element, each);
      else if (event.key === "Delete") this.delete(each);
      else return;
      event.preventDefault();
    });
    link.addEventListener("contextmenu", (event) => {
      event.preventDefault();
      this.more(more, each);
    });
    return element;
  }

  more(anchor, each) {
    menu(anchor, [
      { label: t("rail.rename"), icon: "edit", act: () => this.rename(anchor.closest(".conv"), each) },
      { label: t(each.pinned ? "rail.unpin" : "rail.pin"), icon: "pin", act: () => this.change(each, { pinned: !each.pinned }) },
      { label: t("rail.export"), icon: "export", act: () => saveConversation(each.id) },
      { label: t("rail.exportJson"), icon: "file", act: () => saveConversation(each.id, "json") },
      "-",
      { label: t("rail.delete"), icon: "bin", danger: true, act: () => this.delete(each) },
    ]);
  }

  rename(element, each) {
    const field = h("input", { value: each.title, "aria-label": t("rail.name"), maxlength: "200" });
    let over = false;
    const end = (keep) => {
      if (over) return;
      over = true;
      const title = field.value.trim();
      field.remove();
      this.draw();
      if (keep && title && title !== each.title) this.change(each, { title });
    };
    field.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      else if (event.key === "Escape") end(false);
    });
    field.addEventListener("blur", () => end(true));
    element.replaceChildren(field);
    field.focus();
    field.select();
  }

  /** Shown at once, taken back when the agent refuses. */
  async change(each, changes) {
    const before = state.conversations;
    this.changes++;
    update({ conversations: before.map((other) => (other.id === each.id ? { ...other, ...changes } : other)) });
    if (changes.title) this.app.renamed(each.id, changes.title);
    try {
      await patch(`/api/conversations/${encodeURIComponent(each.id)}`, changes);
      this.refresh();
    } catch (error) {
      update({ conversations: before });
      if (changes.title) this.app.renamed(each.id, each.title);
      toast(t("failed", { why: error.message }));
    }
  }

  async delete(each) {
    const wasOpen = state.current === each.id;
    this.changes++;
    try {
      await remove(`/api/conversations/${encodeURIComponent(each.id)}`);
    } catch (error) {
      toast(t("failed", { why: error.message }));
      return;
    }
    this.changes++;
    update({ conversations: state.conversations.filter(({ id }) => id !== each.id) });
    this.app.gone(each.id);
    const undo = async () => {
      try {
        await post(`/api/conversations/${encodeURIComponent(each.id)}/restore`);
        await this.refresh();
        if (wasOpen) this.app.back(each.id);
      } catch (error) {
        toast(t("failed", { why: error.message }));
      }
    };
    toast(t("rail.deleted", { title: each.title }), { label: t("undo"), act: undo });
  }
}

function dayOf(text) {
  const start = new Date();
  start.setHours(0, 0, 0, 0);
  const when = new Date(text).getTime();
  if (when >= start.getTime()) return "day.today";
  if (when >= start.getTime() - DAY) return "day.yesterday";
  if (when >= start.getTime() - 7 * DAY) return "day.week";
  return when >= start.getTime() - 30 * DAY ? "day.month" : "day.older";
}
