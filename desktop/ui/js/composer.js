// Where questions are written: grows with its text, keeps it as a draft, sends, stops.

import { put } from "./api.js";
import { Chips } from "./chips.js";
import { button, h, icon, iconButton, later } from "./dom.js";
import { menu } from "./menu.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";

const DRAFT_AFTER = 400;

export class Composer {
  /** ``app``: drop, send(text), stop(), editLast(), connectionOf(), chooseConnection(name). */
  constructor(app) {
    this.app = app;
    this.conversationId = null;
    this.field = h("textarea", { rows: "1", "aria-label": t("ask.label"), placeholder: t("ask.placeholder"), enterkeyhint: "send" });
    this.round = h("button", { type: "button", class: "round", onclick: () => this.press() }, icon("up"));
    this.picker = button("ghost", "data", "", () => this.pick(), { "aria-haspopup": "menu", "aria-expanded": "false" });
    this.picker.append(icon("down"));
    this.hint = h("span", { class: "quiet small hint opt" }, t("ask.hint"));
    this.chips = new Chips((file, taken) => app.drop.copy(file, taken), () => this.draw());
    this.attach = iconButton("clip", t("files.attach"), () => app.drop.choose((entry) => this.chips.add(entry)));
    this.box = h("div", { class: "composer" }, this.chips.element, this.field, h("div", { class: "bar" }, this.attach, this.picker, h("span", { class: "grow" }), this.hint, this.round));
    this.element = h("div", { class: "composer-wrap" }, this.box);
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("paste", (event) => this.chips.paste(event, (text) => this.insert(text)) && event.preventDefault());
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.box.addEventListener("pointerdown", (event) => {
      if (event.target.closest("button, textarea")) return;
      event.preventDefault();
      this.focus();
    });
    this.saved = Promise.resolve();
    this.saveDraft = later(DRAFT_AFTER, (id, text) => this.keepDraft(id, text));
    on("connections connection", () => this.drawPicker());
    this.running = false;
    this.draw();
  }

  /** Another conversation is shown; its draft comes with it. */
  show(conversationId, draft, { followUp }) {
    if (this.conversationId !== conversationId || !this.field.value) this.field.value = draft;
    this.conversationId = conversationId;
    this.followUp = followUp;
    this.drawPicker();
    this.draw();
    this.fit();
  }

  draw() {
    const offline = state.backend.state === "offline";
    this.field.placeholder = t(offline ? "ask.offline" : this.followUp ? "ask.follow" : "ask.placeholder");
    const label = t(this.running ? "ask.stop" : "ask.send");
    this.round.classList.toggle("stop", this.running);
    this.round.replaceChildren(icon(this.running ? "stop" : "up"));
    this.round.setAttribute("aria-label", label);
    this.round.title = label;
    this.round.disabled = !this.running && !this.field.value.trim() && !this.chips.files.length;
    this.hint.hidden = this.running || !this.field.value;
  }

  drawPicker() {
    const name = this.app.connectionOf() ?? t("ask.any");
    this.picker.hidden = state.connections.length < 1;
    this.picker.querySelector(".word").textContent = name;
    this.picker.setAttribute("aria-label", t("ask.connection", { name }));
    this.picker.lastChild.toggleAttribute("hidden", state.connections.length < 2);
    this.picker.lastChild.style.display = state.connections.length < 2 ? "none" : "";
  }

  pick() {
    const chosen = this.app.connectionOf();
    menu(this.picker, state.connections.map((each) => ({
      label: each.name, sub: each.description || each.type, checked: each.name === chosen, act: () => {
        this.app.chooseConnection(each.name);
        this.drawPicker();
        this.focus();
      },
    })));
  }

  setRunning(running) {
    if (this.running === running) return;
    this.running = running;
    this.draw();
  }

  changed() {
    this.fit();
    this.draw();
    if (this.conversationId === null) update({ draft: this.field.value });
    this.saveDraft(this.conversationId, this.field.value);
    this.app.drafted(this.field.value);
  }

  /** One after the other, so that an older text never overtakes a newer one. */
  keepDraft(id, text) {
    this.saved = this.saved.then(() => put("/api/draft", { conversation_id: id, text })).catch(() => undefined);
  }

  fit() {
    this.field.style.height = "32px";
    const needed = this.field.scrollHeight;
    if (needed > 33) this.field.style.height = `${Math.min(240, needed)}px`;
  }

  key(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.altKey) {
      event.preventDefault();
      if (!this.running) this.press();
    } else if (event.key === "ArrowUp" && !this.field.value && !this.running) {
      if (this.app.editLast()) event.preventDefault();
    } else if (/^[1-9]$/.test(event.key) && !this.field.value && !event.ctrlKey && !event.altKey && !event.metaKey) {
      if (this.app.choose(Number(event.key))) event.preventDefault();
    }
  }

  press() {
    if (this.running) return this.app.stop();
    const text = this.field.value.trim();
    if (!text && !this.chips.files.length) return undefined;
    const question = this.chips.with(text);
    this.chips.clear();
    this.clear();
    return this.app.send(question);
  }

  clear() {
    this.field.value = "";
    this.changed();
  }

  fill(text) {
    this.field.value = text;
    this.changed();
    this.focus();
    this.field.setSelectionRange(text.length, text.length);
  }

  insert(text) {
    this.field.setRangeText(text, this.field.selectionStart, this.field.selectionEnd, "end");
    this.changed();
    this.focus();
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }
}
