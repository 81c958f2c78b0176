// Searching in all granted files: progress as it goes on, what was found, and what was not searched.

import { watch } from "./api.js";
import { button, h, icon } from "./dom.js";
import { hrefOf, signOf } from "./file_path.js";
import { number } from "./format.js";
import { t } from "./messages.js";
import { query } from "./wire.js";

export class FileSearch {
  constructor() {
    this.element = h("div", { class: "page" });
    this.abort = null;
  }

  stop() {
    this.abort?.abort();
    this.abort = null;
  }

  async run(text) {
    this.stop();
    const { signal } = (this.abort = new AbortController());
    const words = h("span", { class: "grow" }, t("files.searching"));
    this.element.replaceChildren(h("div", { class: "row quiet", role: "status" }, h("span", { class: "spin" }), words, button("btn small", null, t("files.stop"), () => this.stop())));
    const heard = {
      looked: ({ read, to_read: all }) => all && words.replaceChildren(t("files.reading", { read: number(read), all: number(all) })),
      found: (found) => this.draw(text, found),
      failed: ({ error }) => this.say(t("files.searchFailed", { why: error })),
    };
    try {
      await watch(`/api/files/search?${query({ query: text })}`, ({ event, ...told }) => heard[event]?.(told), signal);
    } catch (error) {
      if (error.name === "AbortError") this.say(t("turn.stopped"));
      else this.say(t("files.searchFailed", { why: error.message }));
    }
  }

  say(words) {
    this.element.replaceChildren(h("p", { class: "quiet", role: "status" }, words));
  }

  draw(text, { hits, files, cut, not_read_yet: left, unreadable, partly }) {
    const counts = { count: number(hits.length), files: number(files), query: text };
    const open = [unreadable ? t("files.broken", { count: number(unreadable) }) : "", partly ? t("files.partly", { count: number(partly) }) : ""].filter(Boolean);
    this.element.replaceChildren(
      h("p", { class: "quiet", role: "status" }, t(hits.length ? (cut ? "files.foundMost" : "files.found") : "files.none", counts)),
      h("ul", { class: "hits" }, hits.map(({ file, snippet }) => h("li", null, h("a", { href: hrefOf(file.path) }, h("span", { class: "row" }, icon(signOf(file)), h("span", { class: "strong cut" }, file.name), h("span", { class: "quiet small cut grow" }, file.path)), snippet ? h("span", { class: "snippet" }, shown(snippet)) : null)))),
      left ? h("div", { class: "acts" }, h("span", { class: "quiet" }, t("files.left", { count: number(left) })), button("btn small", "again", t("retry"), () => this.run(text))) : "",
      open.length ? h("p", { class: "quiet small" }, t("files.notAll", { parts: open.join(", ") })) : "");
  }
}

/** The found words, marked: they stand between two signs that no text has. */
const shown = (snippet) => snippet.split(/\u0002([^\u0003]*)\u0003/).map((part, at) => (at % 2 ? h("mark", null, part) : part));
