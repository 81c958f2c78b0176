// What is shown while no session is open: who was here, and the ways in. Nothing of anybody's data.

import { post, remove, stream } from "./api.js";
import { announce, by, button, h, icon } from "./dom.js";
import { t } from "./messages.js";

export class SignIn {
  constructor(session) {
    this.session = session;
    this.title = h("h1", { class: "title" });
    this.lead = h("p", { class: "quiet" });
    this.failed = h("p", { class: "failed", hidden: true });
    this.acts = h("div", { class: "acts" });
    this.element = h("main", { class: "sign-in" }, h("div", { class: "sheet" },
      h("span", { class: "sign" }, icon("lock")), this.title, this.lead, this.failed, this.acts));
  }

  show() {
    by("app").hidden = true;
    document.body.append(this.element);
    this.draw();
  }

  /** The ways in that there are for this person, or for nobody yet. */
  draw() {
    const { state: kind, why, person, google } = this.session;
    const locked = kind === "locked";
    const local = person?.kind === "local";
    this.name(locked ? (local ? t("session.idle") : t("session.again", { name: person.name || person.email })) : t("session.welcome"));
    const kept = locked ? t("session.kept") : google.domain ? t("session.domain", { domain: google.domain }) : t("session.lead");
    this.lead.textContent = `${why} ${kept}`.trim();
    const acts = [];
    if (locked && local && !google.required) acts.push(this.act("session.continue", () => this.enter("/api/session/confirm")));
    else if (locked && !local) acts.push(this.act("session.google", () => this.google({ again: true })), h("p", { class: "quiet small who" }, person.email));
    if (google.available && (!locked || local)) acts.push(this.act("session.google", () => this.google({ again: false }), acts.length));
    if (locked && !local) acts.push(this.act("session.other", () => this.google({ again: false }), true));
    if (google.available && !google.required && !local) acts.push(this.act("session.local", () => this.enter("/api/session/local"), true));
    this.acts.replaceChildren(...acts);
    acts[0]?.focus();
  }

  act(message, press, plain) {
    return button(plain ? "btn" : "btn primary", null, t(message), press);
  }

  name(text) {
    if (this.title.textContent === text) return;
    this.title.textContent = text;
    document.title = `${text} · ${t("app.name")}`;
    announce(text);
  }

  async enter(path) {
    this.tell("");
    for (const each of this.acts.querySelectorAll("button")) each.disabled = true;
    try {
      await post(path);
      location.reload();
    } catch (error) {
      this.draw();
      this.tell(error.message);
    }
  }

  async google({ again }) {
    this.tell("");
    const said = await signIn({ again }, (waiting) => this.wait(waiting));
    if (!said) return location.reload();
    this.draw();
    return this.tell(said);
  }

  wait(step) {
    this.name(t("session.waiting"));
    this.lead.textContent = t("session.waitingWhy");
    const cancel = button("btn", null, t("cancel"), () => {
      cancel.disabled = true;
      callOff();
    });
    this.acts.replaceChildren(h("p", { class: "row" }, h("span", { class: "spin" }), linkTo(step)), cancel);
    cancel.focus();
  }

  tell(sentence) {
    this.failed.hidden = !sentence;
    this.failed.textContent = sentence;
    if (sentence) announce(sentence, { now: true });
  }
}

/** Runs a sign-in in the browser; gives the sentence that says why it failed, or nothing. */
export async function signIn(how, waiting) {
  let last = null;
  try {
    await stream("/api/session/google", how, (step) => {
      last = step;
      if (step.state === "waiting") waiting(step);
    });
  } catch (error) {
    return error.message;
  }
  return last?.state === "done" ? "" : last?.says || t("session.broken");
}

export const callOff = () => remove("/api/session/google").catch(() => {});

/** For a browser that did not open by itself. */
export const linkTo = ({ link }) => h("a", { href: link, target: "_blank", rel: "noopener noreferrer" }, t("session.link"));
