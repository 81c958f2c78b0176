// The empty conversation: a greeting, questions to start with, and what data is there.

import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./messages.js";
import { on, state } from "./state.js";
import { Welcome } from "./welcome.js";
import { query } from "./wire.js";

export class Home {
  constructor(app) {
    this.app = app;
    this.hello = h("h2", { class: "hello" });
    this.composerPlace = h("div");
    this.starters = h("section", { hidden: true });
    this.data = h("section", { hidden: true });
    this.hub = h("div", { class: "hub" },
      h("div", { class: "stack tight" }, this.hello, h("p", { class: "say quiet" }, t("hello.lead"))),
      this.composerPlace, this.starters, this.data);
    this.welcome = new Welcome(app);
    this.element = h("div", { class: "scroll" });
    on("connections connection backend", () => this.element.isConnected && this.draw());
  }

  /** Without a backend there is nothing to ask: the choice of one stands here instead. */
  draw() {
    const first = state.backend.state === "not_configured";
    const shown = first ? this.welcome.element : this.hub;
    this.app.name(t(first ? "welcome.name" : "new"));
    if (!shown.isConnected) this.element.replaceChildren(shown);
    const hour = new Date().getHours();
    this.hello.textContent = t(hour < 12 ? "hello.morning" : hour < 17 ? "hello.afternoon" : "hello.evening");
    this.drawData();
    this.drawStarters();
  }

  drawData() {
    const { connections, backend } = state;
    this.data.hidden = !connections.length && backend.state !== "online";
    if (!connections.length) {
      this.data.replaceChildren(h("div", { class: "wait" }, h("div", null, h("p", { class: "strong" }, t("hello.noData")), h("p", { class: "quiet" }, t("hello.noDataWhy")))));
      return;
    }
    this.data.replaceChildren(h("h3", { class: "sec-h" }, t("hello.data")), h("div", { class: "conns" }, connections.map((each) =>
      h("a", { class: "conn", href: `#/data/${encodeURIComponent(each.name)}` },
        h("span", { class: "row strong" }, h("span", { class: backend.state === "online" ? "dot ok" : "dot hollow warn" }), h("span", { class: "cut" }, each.name)),
        h("span", { class: "quiet small" }, each.description || each.type)))));
  }

  async drawStarters() {
    const connection = this.app.connectionOf();
    if (!connection) this.starters.hidden = true;
    const asked = connection && `${state.backend.url} ${connection}`; // another backend may use the same name
    if (this.asked === asked) return;
    this.asked = asked;
    if (!asked) return;
    try {
      const { questions } = await get(`/api/starters?${query({ connection })}`);
      if (this.asked !== asked) return;
      this.starters.hidden = !questions.length;
      this.starters.replaceChildren(h("h3", { class: "sec-h" }, t("hello.try")), h("div", { class: "starters" }, questions.map((question) =>
        h("button", { type: "button", onclick: () => this.app.send(question) }, h("span", null, question), icon("right")))));
    } catch {
      // Starters are an offer; without them the page still works, and the next change of state asks again.
      this.asked = null;
      this.starters.hidden = true;
    }
  }
}
