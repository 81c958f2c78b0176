// Ctrl K: find a conversation by its words, or go somewhere. A list driven from one field.

import { get } from "./api.js";
import { h, icon, later, marked } from "./dom.js";
import { clockOrDay } from "./format.js";
import { t } from "./messages.js";
import { jumps } from "./places.js";
import { state } from "./state.js";
import { query } from "./wire.js";

export function find(app) {
  if (document.querySelector("dialog.palette[open]")) return;
  const before = document.activeElement;
  const list = h("ul", { role: "listbox", id: "find-list", "aria-label": t("find.conversations") });
  const field = h("input", { type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": "find-list", "aria-label": t("find.label"), placeholder: t("find.label"), autocomplete: "off", spellcheck: "false" });
  const dialog = h("dialog", { class: "palette", "aria-label": t("search") },
    h("div", { class: "find" }, icon("search"), field, h("span", { class: "kbd opt" }, t("find.hint"))), list);
  let at = 0;
  let asked = ""; // what is typed
  let drawn = ""; // what the list answers
  let hurried = false; // Enter came before the list for what is typed: its first line is meant

  const options = () => [...list.querySelectorAll('[role="option"]')];
  const mark = () => {
    options().forEach((option, index) => option.setAttribute("aria-selected", String(index === at)));
    const chosen = options()[at];
    if (chosen) field.setAttribute("aria-activedescendant", chosen.id);
    else field.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  };
  let number = 0;
  const option = (name, words, side, act) => {
    const element = h("li", { role: "option", id: `find-${number++}`, "aria-selected": "false" }, icon(name), h("span", { class: "grow" }, words), side ? h("span", { class: "kbd" }, side) : null);
    element.addEventListener("pointermove", () => {
      at = options().indexOf(element);
      mark();
    });
    element.addEventListener("click", () => {
      dialog.close("done");
      act();
    });
    return element;
  };
  const draw = (conversations, text) => {
    const places = jumps(app).filter(({ label }) => label.toLowerCase().includes(text.toLowerCase()));
    const rows = [];
    if (conversations.length) {
      rows.push(h("li", { class: "group", role: "presentation" }, t("find.conversations")));
      for (const each of conversations) {
        const words = [h("span", null, marked(each.title, text)), each.snippet && text ? h("span", { class: "quiet small cut", role: "presentation" }, marked(each.snippet, text)) : null];
        words[1]?.style.setProperty("display", "block");
        rows.push(option("search", words, clockOrDay(each.updated_at), () => app.go(`#/c/${encodeURIComponent(each.id)}`)));
      }
    }
    if (places.length) {
      rows.push(h("li", { class: "group", role: "presentation" }, t("find.go")));
      for (const place of places) rows.push(option(place.icon, place.label, place.keys, place.act));
    }
    if (!rows.length) rows.push(h("li", { class: "none", role: "presentation" }, t("find.none", { query: text })));
    list.replaceChildren(...rows);
    at = 0;
    mark();
    drawn = text;
    if (hurried) options()[0]?.click();
    hurried = false;
  };
  const search = later(120, async (text) => {
    try {
      const { conversations } = await get(`/api/conversations?${query({ q: text })}`);
      if (text === asked) draw(conversations.slice(0, 30), text);
    } catch {
      if (text === asked) draw([], text);
    }
  });
  field.addEventListener("input", () => {
    asked = field.value.trim();
    hurried = false;
    if (asked) search(asked);
    else {
      search.cancel();
      draw((state.conversations ?? []).slice(0, 8), "");
    }
  });
  field.addEventListener("keydown", (event) => {
    const count = options().length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") at = count ? (at + (event.key === "ArrowDown" ? 1 : -1) + count) % count : 0;
    else if (event.key === "Enter" && drawn !== asked) hurried = true;
    else if (event.key === "Enter") options()[at]?.click();
    else return;
    event.preventDefault();
    mark();
  });
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => {
    hurried = false;
    dialog.remove();
    if (dialog.returnValue !== "done") before?.focus?.({ preventScroll: true });
  });
  document.body.append(dialog);
  draw((state.conversations ?? []).slice(0, 8), "");
  dialog.showModal();
  field.focus();
}
