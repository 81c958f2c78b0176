// One question and all that answers it. Events arrive through events.js and are drawn here at once.

import { Approvals } from "./approvals.js";
import { Card } from "./card.js";
import { copyText } from "./clipboard.js";
import { announce, button, h, icon, iconButton, setHtml } from "./dom.js";
import { sqlEditor } from "./editor.js";
import { clockOrDay, elapsed } from "./format.js";
import { InsightCard } from "./insight.js";
import { markdown } from "./markdown.js";
import { t } from "./messages.js";
import { ratingButtons } from "./rating.js";
import { sentOfAnswer } from "./sent_words.js";
import { Steps } from "./steps.js";
import { Waiting } from "./waiting.js";

const PLACES = { files: "folder" };
const ACTIONS = { retry: "again", settings: "gear", backend: "data" };

export class Turn {
  /** ``host`` is the conversation: ask, rerun, again, inspect, act, changed. */
  constructor(host, { question, turn_id = null, asked_at = null, rating = null, edited = null }) {
    Object.assign(this, { host, question, id: turn_id, askedAt: asked_at, rating, edited, cards: [], status: "running", html: "", live: false });
    this.steps = new Steps();
    this.approvals = new Approvals(this);
    this.waiting = new Waiting(this);
    this.bubble = h("p", { class: "bubble" }, question);
    this.tools = h("div", { class: "tools" },
      iconButton("edit", t("turn.edit"), () => this.edit()),
      iconButton("copy", t("turn.copyQuestion"), () => copyText(this.question)));
    this.ask = h("div", { class: "ask" }, this.tools, this.bubble);
    this.text = h("div", { class: "say read", hidden: true });
    this.results = h("div", { class: "stack", hidden: true });
    this.extra = h("div", { class: "stack", hidden: true });
    this.foot = h("div", { class: "foot-tools", hidden: true });
    this.next = h("div", { class: "chips", role: "group", "aria-label": t("turn.followUps"), hidden: true });
    this.element = h("article", { class: "turn", "aria-label": question }, this.ask, this.steps.element, this.waiting.head, this.text, this.results, this.waiting.element, this.approvals.element, this.extra, this.foot, this.next);
    this.text.addEventListener("click", (event) => this.figure(event));
    this.text.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && this.figure(event));
  }

  begin(label) {
    this.live = true;
    this.element.setAttribute("aria-busy", "true");
    this.steps.begin(label);
  }

  started(event) {
    this.id = event.turn_id;
    this.askedAt = event.started_at;
    this.model = event.model;
    if (this.live) this.steps.label(t("turn.working"));
    this.host.started(this, event);
  }

  /** The whole text so far. While it streams, it is put in once a frame at most. */
  say(html) {
    this.html = html;
    if (!this.live) return this.writeText();
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.writeText();
    });
    return undefined;
  }

  writeText() {
    this.text.hidden = !this.html;
    setHtml(this.text, this.html);
    this.waiting.markFigures(this.text);
    this.text.classList.toggle("streaming", this.live);
    for (const figure of this.text.querySelectorAll(".fig")) figure.setAttribute("aria-label", t("turn.fig", { text: figure.textContent }));
    for (const figure of this.text.querySelectorAll(".fig-none")) {
      figure.title = t("turn.figNoneWhy");
      figure.prepend(icon("quest"));
      figure.append(h("span", { class: "why" }, t("turn.figNone")));
    }
    this.host.grew();
  }

  addResult(event) {
    if (event.title === this.question && event.title.startsWith(t("turn.edited", { title: "" }))) this.edited = { result: event, sql: event.sql }; // also after a reload
    this.addCard(new Card(event, this, this.cards.length ? null : ratingButtons(this)));
  }

  addInsight(event) {
    this.addCard(new InsightCard(event, this, this.cards.length ? null : ratingButtons(this)));
  }

  addCard(card) {
    this.cards.push(card);
    this.results.hidden = false;
    this.results.append(card.element);
    this.host.grew();
  }

  askBack(event) {
    const choices = h("div", { class: "choices", role: "group", "aria-label": t("turn.choose") });
    event.choices.forEach((choice, at) => {
      const press = h("button", { type: "button", class: "choice", onclick: () => this.choose(press, choice) },
        at < 9 ? h("span", { class: "key", "aria-hidden": "true" }, String(at + 1)) : null,
        h("span", null, h("b", null, choice.label), choice.question !== choice.label ? h("span", { class: "quiet small" }, choice.question) : null));
      choices.append(press);
    });
    this.choices = choices;
    this.holdBack();
    this.extra.hidden = false;
    this.extra.append(h("p", { class: "say read" }, event.question), choices);
    if (this.live) announce(`${event.question} ${event.choices.map(({ label }, at) => `${at + 1}: ${label}`).join(", ")}`);
    this.host.grew();
  }

  choose(press, choice) {
    this.closeChoices(press);
    this.host.ask(choice.question);
  }

  /** A number key chooses, while this question back is the last thing said. */
  chooseNumber(number) {
    const press = this.choices?.children[number - 1];
    if (!press || press.disabled) return false;
    press.click();
    return true;
  }

  closeChoices(chosen = null) {
    for (const press of this.choices?.children ?? []) {
      press.disabled = true;
      if (press === chosen) press.classList.add("on");
    }
  }

  suggest(questions) {
    this.next.replaceChildren(...questions.map((question) => h("button", { type: "button", class: "chip", onclick: () => this.host.ask(question) }, question)));
    this.holdBack();
    this.host.grew();
  }

  /** What can be asked next waits for the end of this answer: a click before it would be lost. */
  holdBack() {
    this.next.hidden = this.live || !this.next.childElementCount;
    for (const press of this.choices?.children ?? []) press.disabled = this.live;
  }

  /** Follow-ups and open choices belong to the last turn only. */
  past() {
    this.next.hidden = true;
    this.closeChoices();
  }

  /** The place of the window where what is missing can be given. */
  offerPlace(place) {
    this.extra.hidden = false;
    this.extra.append(h("div", { class: "acts read" }, h("a", { class: "btn small", href: `#/${place}` }, icon(PLACES[place]), h("span", null, t(`turn.open.${place}`)))));
    this.host.grew();
  }

  metered(event) {
    this.sent = event.turn;
    this.host.metered(event);
  }

  failed({ error, meaning, action }) {
    const act = ACTIONS[action]
      ? h("div", { class: "acts" }, button("btn small primary", ACTIONS[action], t(`fail.${action}`), () => (action === "retry" ? this.host.again(this) : this.host.act(action))))
      : null;
    this.extra.hidden = false;
    this.extra.append(h("section", { class: "notice failed read", role: "group", "aria-label": t("turn.failed") }, icon("warn"),
      h("div", { class: "grow" }, h("h2", null, error), meaning ? h("p", { class: "quiet" }, meaning) : null, act)));
    if (this.edited) this.editSql();
    if (this.live) announce(`${error} ${meaning}`, { now: true });
    this.host.grew();
  }

  /** SQL that failed stays in hand. */
  editSql() {
    const { result, sql } = this.edited;
    const editor = sqlEditor(sql, {
      onRun: (text) => {
        if (this.rerun(result, text)) editor.element.remove();
      },
      onCancel: () => editor.element.remove(),
    });
    editor.element.classList.add("read");
    this.extra.append(editor.element);
    editor.focus();
  }

  finished({ status, elapsed_ms: elapsedMs }) {
    const wasLive = this.live;
    this.live = false;
    this.status = status;
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    if (this.html) this.writeText();
    this.element.removeAttribute("aria-busy");
    this.holdBack();
    this.approvals.end();
    this.steps.end(elapsedMs);
    this.waiting.settle();
    if (status === "stopped") {
      this.extra.hidden = false;
      this.extra.append(h("p", { class: "stopped" }, icon("stop"), t("turn.stopped")));
    }
    this.drawFoot(elapsedMs);
    if (wasLive && status === "answered") announce(`${t("turn.answered")}. ${this.text.textContent}`);
    this.host.finished(this);
    this.host.grew();
  }

  drawFoot(elapsedMs) {
    const parts = [];
    if (this.html) parts.push(iconButton("copy", t("turn.copyAnswer"), () => this.copyAnswer()));
    parts.push(iconButton("again", t("turn.again"), () => this.host.again(this)));
    if (!this.cards.length && this.html) parts.push(ratingButtons(this));
    if (this.sent?.bytes) parts.push(sentOfAnswer(this.sent, this.host.id));
    if (this.askedAt) parts.push(h("span", { class: "when small num", title: elapsed(elapsedMs) }, clockOrDay(this.askedAt)));
    this.foot.replaceChildren(...parts);
    this.foot.hidden = false;
  }

  copyAnswer() {
    const copy = this.text.cloneNode(true);
    for (const mark of copy.querySelectorAll(".why, .icon")) mark.remove();
    copyText(markdown(copy));
  }

  /** False when an answer is being written: then nothing runs, and what was typed stays. */
  rerun(result, sql) {
    if (this.host.isBusy()) return false;
    this.host.rerun(result, sql);
    return true;
  }

  inspect(card, tab) {
    this.host.inspect(this, card, tab);
  }

  /** From a figure in the text to its cell. */
  figure(event) {
    const link = event.target.closest?.("a.fig");
    if (!link) return;
    event.preventDefault();
    const card = this.cards.find(({ result }) => result.result_id === link.dataset.result) ?? this.cards[0];
    if (card) this.light(card, place(link.dataset.row), place(link.dataset.column), link);
  }

  light(card, row, column, link = null) {
    for (const other of this.element.querySelectorAll(".fig.on")) other.classList.remove("on");
    for (const other of this.cards) if (other !== card) other.unlight();
    link ??= [...this.text.querySelectorAll(".fig")].find((each) => place(each.dataset.row) === row && place(each.dataset.column) === column);
    link?.classList.add("on");
    const shown = card.light(row, column);
    shown.scrollIntoView({ block: "nearest", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    this.host.lit(card, row, column);
  }

  /** The bubble becomes a field; what is sent replaces this turn and all after it. */
  edit() {
    if (this.edited && this.cards.length) return this.cards[0].edit();
    if (this.ask.classList.contains("editing")) return;
    const field = h("textarea", { "aria-label": t("turn.edit"), rows: "1" });
    field.value = this.question;
    const fit = () => {
      field.style.height = "auto";
      field.style.height = `${field.scrollHeight}px`;
    };
    const close = () => {
      this.ask.classList.remove("editing");
      this.ask.replaceChildren(this.tools, this.bubble);
      this.host.focus();
    };
    const send = () => {
      const question = field.value.trim();
      if (question) this.host.ask(question, this);
    };
    field.addEventListener("input", fit);
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        send();
      } else if (event.key === "Escape") {
        event.stopPropagation();
        close();
      }
    });
    this.ask.classList.add("editing");
    this.ask.replaceChildren(h("div", { class: "edit-box" }, field, h("div", { class: "acts" },
      h("span", { class: "quiet small grow" }, t("turn.replaces")),
      h("button", { type: "button", class: "btn small", onclick: close }, t("cancel")),
      h("button", { type: "button", class: "btn small primary", onclick: send }, t("turn.resend")))));
    fit();
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  }
}

const place = (text) => (text === undefined ? null : Number(text));
