// What is shown while no session is open: who was here, and how to go on. Nothing of anybody's data.

import { post } from "./api.js";
import { announce, by, button, h, icon } from "./dom.js";
import { t } from "./messages.js";

export class SignIn {
  constructor(session) {
    this.session = session;
    this.failed = h("p", { class: "notice failed", role: "alert", hidden: true });
    this.acts = h("div", { class: "acts" });
    this.title = h("h1", { class: "title", tabindex: "-1" });
    this.lead = h("p", { class: "quiet" });
    this.element = h("main", { class: "sign-in" }, h("div", { class: "sheet" },
      h("span", { class: "sign" }, icon("lock")), this.title, this.lead, this.failed, this.acts));
  }

  show() {
    by("app").hidden = true;
    document.body.append(this.element);
    this.draw();
    document.title = `${this.title.textContent} · ${t("app.name")}`;
    announce(this.title.textContent);
  }

  draw() {
    this.title.textContent = t("session.idle");
    this.lead.textContent = `${this.session.why} ${t("session.kept")}`.trim();
    const go = button("btn primary", null, t("session.continue"), () => this.confirm(go));
    this.acts.replaceChildren(go);
    go.focus();
  }

  async confirm(pressed) {
    pressed.disabled = true;
    try {
      await post("/api/session/confirm");
      location.reload();
    } catch (error) {
      this.tell(error.message);
      pressed.disabled = false;
      pressed.focus();
    }
  }

  tell(sentence) {
    this.failed.hidden = !sentence;
    this.failed.textContent = sentence;
  }
}
