// The Settings place: how the window looks and writes numbers; what answers and where, to read.

import { put } from "./api.js";
import { button, h, icon } from "./dom.js";
import { short } from "./format.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";
import { backendLine } from "./status.js";
import { toast } from "./toast.js";
import { useDemo } from "./welcome.js";

const KEYS = [
  ["Enter", "key.send"], ["Shift Enter", "key.line"], ["↑", "key.edit"], ["Esc", "key.stop"], ["Ctrl N or Alt N", "key.new"], ["Ctrl K", "key.search"],
  ["Ctrl I", "key.drawer"], ["1 – 9", "key.choose"], ["← ↑ → ↓", "key.grid"],
];

export class Settings {
  constructor() {
    this.page = h("div", { class: "page narrow" });
    this.index = h("div", { class: "tree index" });
    this.element = h("div", { class: "split settings" },
      h("nav", { class: "pane", "aria-label": t("set.title") }, this.index),
      h("div", { class: "pane", tabindex: "0", role: "region", "aria-label": t("set.title") }, this.page));
    on("settings backend model connections version setup autostart", () => this.element.isConnected && this.draw());
  }

  show(section) {
    this.draw();
    if (section) this.page.querySelector(`#set-${CSS.escape(section)}`)?.scrollIntoView();
  }

  draw() {
    const held = this.page.contains(document.activeElement) ? document.activeElement.dataset.choice : null;
    const sections = [
      ["look", "sun", [this.choice("theme", ["system", "light", "dark"], t("set.themeHint")), this.choice("numbers", ["indian", "international"], t("set.numbersHint", { example: short(12419000, "money") }))]],
      ["answers", "data", this.answers()],
      ["start", "play", [this.login()]],
      ["keys", "code", [h("dl", { class: "keys" }, KEYS.map(([keys, what]) => [h("dt", null, keys.split(" ").map((key) => (/^(–|or)$/.test(key) ? h("span", { class: "quiet" }, key) : h("kbd", null, key)))), h("dd", null, t(what))]))]],
      ["about", "info", [row(t("app.name"), "", t("set.version") + " " + state.version), row(t("set.privacy"), t("set.privacyHint"), "")]],
    ];
    this.index.replaceChildren(...sections.map(([name, sign]) =>
      h("a", { class: "item", href: `#/settings/${name}` }, icon(sign), h("span", { class: "cut grow" }, t(`set.${name}`)))));
    this.page.replaceChildren(...sections.map(([name, , rows]) => h("section", { id: `set-${name}` }, h("h2", { class: "set-h" }, t(`set.${name}`)), rows)));
    if (held) this.page.querySelector(`[data-choice="${held}"]`)?.focus();
  }

  answers() {
    const { model, backend, connections, setup } = state;
    const names = connections.map(({ name }) => name).join(", ");
    return [
      row(t("set.model"), t(`set.model.${["gemini", "openai"].includes(model.kind) ? model.kind : "analyst"}`), model.label),
      row(t("set.backend"), this.backendHint(), [h("span", { class: "nowrap" }, backendLine(backend)), ...this.backendActs()]),
      row(t("set.connections"), "", names || t("hello.noData")),
      row(t("set.change"), t("set.changeHint", { file: setup.file }), ""),
    ];
  }

  backendHint() {
    const { backend, setup } = state;
    const kept = backend.demo && setup.url ? t("set.demoKept", { url: setup.url }) : "";
    return [backend.url, backend.detail, kept].filter(Boolean).join(" · ");
  }

  backendActs() {
    const { backend, setup } = state;
    const none = backend.state === "not_configured";
    const again = backend.demo && setup.url ? t("set.useBackend", { host: hostOf(setup.url) }) : t(none ? "set.connect" : "set.changeBackend");
    return [
      h("a", { class: "btn small", href: "#/connect", "data-choice": "connect" }, again),
      backend.demo ? null : button("btn small", null, t("set.useDemo"), useDemo, { "data-choice": "demo" }),
    ];
  }

  login() {
    const { possible, on: isOn } = state.autostart;
    if (!possible && !isOn) return row(t("set.login"), t("set.loginNone"), "");
    return row(t("set.login"), t("set.loginHint"), h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(isOn), "aria-label": t("set.login"), "data-choice": "login", onclick: () => this.setLogin(!isOn) }));
  }

  async setLogin(wanted) {
    const before = state.autostart;
    update({ autostart: { ...before, on: wanted } });
    try {
      update({ autostart: await put("/api/autostart", { on: wanted }) });
    } catch (error) {
      update({ autostart: before });
      toast(t("failed", { why: error.message }));
    }
  }

  choice(name, values, hint) {
    const label = t(`set.${name}`);
    const group = h("div", { class: "seg", role: "radiogroup", "aria-label": label }, values.map((value) => {
      const on_ = state.settings[name] === value;
      return h("button", { type: "button", role: "radio", "aria-checked": String(on_), tabindex: on_ ? "0" : "-1", "data-choice": `${name}-${value}`, onclick: () => this.set(name, value) }, t(`set.${value}`));
    }));
    group.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      const value = values[(values.indexOf(state.settings[name]) + step + values.length) % values.length];
      this.set(name, value);
      this.page.querySelector(`[data-choice="${name}-${value}"]`)?.focus();
    });
    return row(label, hint, group);
  }

  /** Shown at once; taken back when it cannot be kept. */
  async set(name, value) {
    const before = state.settings;
    update({ settings: { ...before, [name]: value } });
    try {
      await put("/api/settings", { [name]: value });
    } catch (error) {
      update({ settings: before });
      toast(t("failed", { why: error.message }));
    }
  }
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}

const row = (label, hint, control) =>
  h("div", { class: "form-row" }, h("div", null, h("p", { class: "label" }, label), hint ? h("p", { class: "hint" }, hint) : null), control ? h("div", { class: "ctl" }, control) : null);
