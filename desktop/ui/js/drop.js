// Files dragged into the window, wherever they are let go: a veil while they hover, a line each while they are copied.

import { by, h, iconButton } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";
import { upload } from "./upload.js";

export class Drop {
  /** ``taken(entry)`` hears of each file that has come. */
  constructor(taken) {
    this.taken = taken;
    this.over = 0;
    this.veil = h("div", { class: "veil", hidden: true, "aria-hidden": "true" }, h("div", null, h("p", { class: "strong" }, t("files.drop")), h("p", { class: "quiet" }, t("files.dropWhy"))));
    this.coming = h("div", { class: "coming", role: "status" });
    document.body.append(this.veil);
    by("toasts").before(this.coming);
    this.field = h("input", { type: "file", multiple: true, hidden: true, "aria-label": t("files.add"), onchange: () => this.pick() });
    document.body.append(this.field);
    for (const [name, act] of Object.entries({ dragenter: (event) => this.enter(event), dragover: (event) => this.hover(event), dragleave: (event) => this.leave(event), drop: (event) => this.drop(event) })) addEventListener(name, act);
  }

  /** The browser's own choice of files; what is chosen is copied as what is dropped. */
  choose(taken = this.taken) {
    this.then = taken;
    this.field.value = "";
    this.field.click();
  }

  pick() {
    for (const file of this.field.files) this.copy(file, this.then);
  }

  enter(event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    this.over++;
    this.veil.hidden = false;
  }

  hover(event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
  }

  leave(event) {
    if (carriesFiles(event) && --this.over <= 0) this.lift();
  }

  lift() {
    this.over = 0;
    this.veil.hidden = true;
  }

  /** A page that is left for a dropped file would be gone, so every drop of files ends here. */
  drop(event) {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    this.lift();
    for (const file of event.dataTransfer.files) this.copy(file);
  }

  async copy(file, taken = this.taken) {
    const stop = new AbortController();
    const bar = h("progress", { max: "1", value: 0, "aria-label": t("files.copying", { name: file.name }) });
    const line = h("div", { class: "row" }, h("span", { class: "cut grow" }, t("files.copying", { name: file.name })), bar, iconButton("x", t("cancel"), () => stop.abort()));
    this.coming.append(line);
    try {
      taken(await upload(file, (share) => (bar.value = share), stop.signal));
    } catch (error) {
      if (error.name !== "AbortError") toast(t("files.copyFailed", { name: file.name, why: error.message }));
    } finally {
      line.remove();
    }
  }
}

const carriesFiles = (event) => Boolean(event.dataTransfer?.types.includes("Files"));

/** Dropped on the page Files it is shown there; anywhere else the next question is about it. */
export function dropped(app, entry) {
  const { files } = app.places;
  if (app.placeShown === files) files.arrived(entry);
  else if (app.placeShown) toast(t("files.copied", { name: entry.name }), { label: t("files.ask"), act: () => askAbout(app, entry) });
  else app.composer.chips.add(entry);
}

/** A new conversation, with the file as what it is about. */
export function askAbout(app, entry) {
  app.go("#/");
  requestAnimationFrame(() => {
    app.composer.chips.add(entry);
    app.composer.focus();
  });
}
