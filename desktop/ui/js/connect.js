// The form for the company's backend: an address, a key or a connect code or a link with both, and each step of the
// test as it happens. A link that was opened outside only fills it in: nothing is asked before the person says so.

import { remove, stream } from "./api.js";
import { announce, button, h, icon } from "./dom.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";

const SIGNS = { ok: "check", warning: "warn", failed: "x" };
const AT_KEY = ["code", "key", "permissions"];
const LINK = /^\s*vmart:/i;

export class Connect {
  constructor(app) {
    this.app = app;
    this.title = "set.backend";
    this.running = null;
    this.url = h("input", { id: "connect-url", type: "text", inputmode: "url", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "400", required: true, placeholder: "backend.example.com:5000", "aria-describedby": "connect-url-hint" });
    this.key = h("input", { id: "connect-key", type: "password", autocomplete: "off", spellcheck: "false", maxlength: "400", "aria-describedby": "connect-key-hint" });
    this.keyHint = h("p", { class: "hint", id: "connect-key-hint" });
    this.acts = h("div", { class: "acts" });
    this.asked = h("div", { class: "note warn offer", role: "status", hidden: true });
    this.steps = h("ul");
    this.verdict = h("span");
    this.after = h("div", { class: "acts", hidden: true });
    this.test = h("section", { class: "test", hidden: true, "aria-label": t("connect.test") }, h("div", { class: "head" }, h("span", null, t("connect.test")), this.verdict), this.steps, this.after);
    this.form = h("form", { novalidate: true, onsubmit: (event) => (event.preventDefault(), this.go({ plain: false })) },
      entry("connect-url", t("connect.url"), "link", this.url, h("p", { class: "hint", id: "connect-url-hint" }, t("connect.urlHint"))),
      entry("connect-key", t("connect.key"), "key", this.key, this.keyHint), this.acts);
    this.element = h("div", { class: "scroll" }, h("div", { class: "hub setup connect" },
      h("div", { class: "stack tight" }, h("h2", { class: "title" }, t("connect.title")), h("p", { class: "quiet" }, t("connect.lead"))), this.asked, this.form, this.test));
    for (const field of [this.url, this.key]) {
      field.addEventListener("input", () => this.typed(field));
      field.addEventListener("paste", (event) => this.pasted(event));
    }
    this.url.addEventListener("input", () => this.drawHint());
    on("setup", () => this.element.isConnected && this.fill());
    on("offer", () => this.element.isConnected && this.takeOffer());
  }

  fill() {
    if (!this.url.value) this.url.value = state.setup.url;
    this.drawHint();
  }

  show() {
    this.fill();
    this.takeOffer();
    if (!this.running) this.draw();
    if (!this.element.contains(document.activeElement)) (this.url.value ? this.key : this.url).focus();
  }

  /** Of a link only what it says is shown: where it leads, for the person to look at. */
  takeOffer() {
    const { offer } = state;
    if (!offer || this.running) return;
    update({ offer: null });
    remove("/api/backend/offer").catch(() => {}); // it is shown; a second time does no harm
    this.url.value = offer.url;
    this.key.value = offer.code;
    this.typed(this.url);
    this.test.hidden = true;
    this.drawHint();
    const now = state.setup.url && state.setup.url !== offer.url ? t("connect.offerNow", { url: state.setup.url }) : "";
    this.asked.replaceChildren(icon("warn"), h("div", { class: "grow" }, h("p", null, t("connect.offer"), " ", h("b", { class: "url" }, offer.url)), h("p", null, [t("connect.offerAsk"), now].filter(Boolean).join(" "))));
    this.asked.hidden = false;
    this.draw();
    this.url.focus();
  }

  /** A link pasted into either field fills both. */
  pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    const found = LINK.test(text) ? partsOf(text) : null;
    if (!found) return;
    event.preventDefault();
    [this.url.value, this.key.value] = [found.url, found.code];
    this.typed(this.url);
    this.drawHint();
    this.acts.querySelector("button")?.focus();
  }

  typed(field) {
    field.removeAttribute("aria-invalid");
    this.acts.hidden = false;
  }

  /** Leaving the page calls a running test off, and takes the key along. */
  leave() {
    this.running?.abort();
    this.key.value = "";
    this.asked.hidden = true;
    this.test.hidden = true;
    this.acts.hidden = false;
  }

  /** The kept key serves again, but only for the address that it was given for. */
  drawHint() {
    const kept = Boolean(state.setup.url) && this.url.value.trim() === state.setup.url;
    this.key.placeholder = kept ? t("connect.keyKept") : "";
    this.keyHint.textContent = t("connect.keyHint", { file: state.setup.file });
  }

  draw() {
    const back = () => (history.length > 1 ? history.back() : this.app.go("#/"));
    this.acts.replaceChildren(
      this.running ? button("btn", "stop", t("cancel"), () => this.running.abort()) : h("button", { type: "submit", class: "btn primary" }, h("span", { class: "word" }, t("connect.go"))),
      this.running ? "" : button("btn", null, t("connect.back"), back));
  }

  async go({ plain }) {
    if (this.running) return;
    const running = (this.running = new AbortController());
    this.asked.hidden = true;
    const found = [];
    this.steps.replaceChildren(waiting());
    this.verdict.className = "";
    this.verdict.textContent = t("connect.testing");
    this.after.hidden = true;
    this.acts.hidden = this.test.hidden = false;
    this.draw();
    try {
      await stream("/api/backend/connect", { url: this.url.value, api_key: this.key.value, plain_allowed: plain }, (step) => {
        found.push(step);
        this.steps.replaceChildren(...found.map(line), ended(step) ? "" : waiting());
      }, running.signal);
      this.ended(found.at(-1), found);
    } catch (error) {
      if (error.name !== "AbortError") this.ended({ state: "failed", says: error.message, remedy: error.details, step: "" }, found);
      else this.test.hidden = true;
    } finally {
      this.running = null;
      this.draw();
    }
  }

  ended(last, found) {
    if (!last || !ended(last)) last = { state: "failed", step: "", says: t("connect.broken") };
    if (last.state === "failed") this.failed(last, found);
    else this.connected(found.filter((step) => step.state === "warning").length);
  }

  failed(step, found) {
    if (found.at(-1) !== step) found.push(step);
    this.steps.replaceChildren(...found.map(line));
    const kept = step.code === "kept"; // the code is used up, and its key is there
    if (kept) this.key.value = "";
    this.verdict.className = "bad";
    this.verdict.textContent = t(kept ? "connect.failedKept" : "connect.failed");
    announce([step.says, step.remedy].filter(Boolean).join(" "), { now: true });
    this.after.hidden = step.code !== "not_encrypted";
    this.after.replaceChildren(button("btn", "warn", t("connect.plain"), () => this.go({ plain: true })));
    const field = AT_KEY.includes(step.step) ? this.key : this.url;
    field.setAttribute("aria-invalid", "true");
    if (this.after.hidden) field.focus();
    else this.after.firstElementChild.focus();
  }

  connected(warnings) {
    this.key.value = "";
    this.acts.hidden = true;
    this.verdict.className = warnings ? "warn" : "ok";
    this.verdict.textContent = t(warnings ? "connect.worksBut" : "connect.works");
    announce(t("connect.works"));
    const start = button("btn primary", null, t("connect.start"), () => this.app.go("#/"));
    this.after.hidden = false;
    this.after.replaceChildren(start);
    start.focus();
  }
}

function partsOf(link) {
  try {
    const { searchParams } = new URL(link.trim());
    const [url, code] = [searchParams.get("url"), searchParams.get("code")];
    return url && code ? { url, code } : null;
  } catch {
    return null;
  }
}

const ended = ({ state: kind, step }) => kind === "failed" || step === "saved";
const entry = (id, label, sign, input, hint) => h("div", { class: "entry" }, h("label", { for: id }, label), h("div", { class: "field" }, icon(sign), input), hint);
const waiting = () => h("li", null, h("span", { class: "spin" }), h("span", { class: "quiet" }, t("connect.testing")));

const line = ({ state: kind, says, remedy }) =>
  h("li", { "data-state": kind }, icon(SIGNS[kind]), h("span", { class: "says" }, says), remedy ? h("span", { class: "more" }, remedy) : null);
