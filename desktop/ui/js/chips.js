// The files that a question is about, as chips in the composer; a pasted table becomes one.

import { h, icon, iconButton } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";
import { tableOf } from "./upload.js";

export class Chips {
  /** ``copy(file, taken)`` copies a file into the person's folder; ``changed`` hears when chips come or go. */
  constructor(copy, changed) {
    this.copy = copy;
    this.changed = changed;
    this.files = [];
    this.element = h("ul", { class: "attached", "aria-label": t("files.title"), hidden: true });
  }

  add(entry) {
    if (!this.files.some(({ path }) => path === entry.path)) this.files.push(entry);
    this.draw();
  }

  drop(entry) {
    this.files = this.files.filter(({ path }) => path !== entry.path);
    this.draw();
  }

  clear() {
    this.files = [];
    this.draw();
  }

  draw() {
    this.element.hidden = !this.files.length;
    this.element.replaceChildren(...this.files.map((entry) =>
      h("li", { class: "attachment", title: t("files.chip", { name: entry.path }) }, icon("file"), h("span", { class: "cut" }, entry.name),
        iconButton("x", t("files.unchip", { name: entry.name }), () => this.drop(entry)))));
    this.changed();
  }

  /** The question with what it is about, in words: it reads the same when it is looked up later. */
  with(text) {
    if (!this.files.length) return text;
    const names = this.files.map(({ path }) => `“${path}”`).join(t("files.and"));
    const [, words, end] = /^(.*?)([?.!]*)$/s.exec((text || t("files.question")).trim());
    return t("files.about", { question: words, names }) + end;
  }

  /** A table on the clipboard becomes a small file; true when it did. */
  paste(event, insert) {
    const text = event.clipboardData.getData("text/plain");
    const csv = tableOf(event.clipboardData);
    if (!csv) return false;
    const file = new File([csv], `${t("files.pasted")}.csv`, { type: "text/csv" });
    this.copy(file, (entry) => {
      this.add(entry);
      toast(t("files.pastedSays"), { label: t("files.pasteText"), act: () => (this.drop(entry), insert(text)) });
    });
    return true;
  }
}
