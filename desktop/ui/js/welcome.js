// The first start, before there is a backend: demo data, or the company's. Shown in place of the empty conversation.

import { post } from "./api.js";
import { h, icon } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";

export class Welcome {
  constructor(app) {
    const way = (id, sign, name, act) =>
      h("button", { type: "button", class: "way", id, onclick: act },
        h("span", { class: "sign" }, icon(sign)),
        h("span", { class: "name" }, h("span", null, t(`welcome.${name}`)), icon("right")),
        h("span", { class: "what" }, t(`welcome.${name}What`)));
    this.ways = [
      way("choose-demo", "data", "demo", () => this.demo()),
      way("choose-backend", "link", "backend", () => app.go("#/connect")),
    ];
    this.element = h("div", { class: "hub setup" },
      h("div", { class: "stack tight" }, h("h2", { class: "hello" }, t("welcome.title")), h("p", { class: "say quiet" }, t("welcome.lead"))),
      h("div", { class: "ways" }, this.ways),
      h("p", { class: "quiet" }, t("welcome.later")));
  }

  async demo() {
    this.busy(true);
    await useDemo();
    this.busy(false);
  }

  busy(busy) {
    for (const way of this.ways) way.disabled = busy;
  }
}

/** From now on, and at every later start. The new state comes as news. */
export async function useDemo() {
  try {
    await post("/api/backend/demo");
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
}
