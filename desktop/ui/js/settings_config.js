// Rows for keys of the settings file: what each is now, and how it is changed. Which section shows which: SHOWN.

import { get, put } from "./api.js";
import { announce, button, h, icon } from "./dom.js";
import { number } from "./format.js";
import { t } from "./messages.js";
import { row } from "./settings_rows.js";
import { on, state, update } from "./state.js";
import { toast } from "./toast.js";

/** Every key has its place: a test compares this with the structs of the settings. */
export const SHOWN = {
  connection: ["backend.url", "backend.api_key", "backend.timeout", "backend.retry_attempts", "backend.cache_ttl", "backend.verify_tls"],
  answers: ["gemini.api_key", "gemini.model", "gemini.sdk", "gemini.base_url", "gemini.timeout", "openai.base_url", "openai.api_key", "openai.model", "openai.timeout"],
  program: ["chatbot.port", "chatbot.session_timeout", "google_oauth.client_id", "google_oauth.client_secret", "google_oauth.hosted_domain", "google_oauth.required", "google_oauth.auth_uri", "google_oauth.token_uri", "google_oauth.certs_uri", "google_oauth.revoke_uri", "logging.level", "logging.format", "logging.file", "logging.max_size_mb"],
};

const SECONDS = /timeout$|cache_ttl$/;

/** ``${NAME:…}`` of the file by its name; a text around it stays as it stands there. */
const named = (variable) => variable.replace(/^\$\{(\w+)(?::[^}]*)?\}$/, "$1");

let reading = null;

/** Reads them all, once for all sections that are opened together. */
export function readConfig() {
  reading ??= get("/api/config")
    .then((config) => update({ config }))
    .catch((error) => update({ config: { settings: [], trouble: error.message } }))
    .finally(() => (reading = null));
  return reading;
}

/** The rows of one section. They are drawn by themselves, so that nothing typed is lost when the section is drawn anew. */
export class ConfigRows {
  constructor(section) {
    this.names = SHOWN[section];
    this.element = h("div", { class: "config" });
    this.editing = "";
    on("config", () => this.draw());
  }

  draw() {
    const { settings, trouble } = state.config;
    const held = this.element.contains(document.activeElement) ? document.activeElement.dataset.choice : null;
    const known = new Map(settings.map((each) => [each.name, each]));
    const rows = this.names.filter((name) => known.has(name)).map((name) => this.row(known.get(name)));
    this.element.replaceChildren(...(trouble ? [h("p", { class: "bad trouble" }, icon("warn"), " ", trouble)] : rows));
    if (held) this.element.querySelector(`[data-choice="${CSS.escape(held)}"]`)?.focus();
  }

  row(setting) {
    const { name, kind, variable, restart } = setting;
    const label = t(`cfg.${name}`);
    const hints = [t(`cfgHint.${name}`), variable ? t("config.variable", { variable: named(variable) }) : "", restart ? t("config.restart") : ""].filter(Boolean);
    const hint = hints.map((text, at) => [at ? " " : "", restart && at === hints.length - 1 ? h("b", { class: "warn-text" }, text) : text]);
    if (this.editing === name) return this.editor(setting, label);
    if (kind === "switch" && !variable) {
      return row(label, hint, h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(setting.value), "aria-label": label, "data-choice": `cfg-${name}`, onclick: () => this.save(setting, !setting.value) }));
    }
    const change = setting.tested
      ? h("a", { class: "btn small", href: "#/connect", "aria-label": t("config.changeOf", { label }) }, t("set.changeBackend"))
      : button("btn small", null, t(kind === "secret" ? "config.replace" : "set.changeBackend"), () => this.edit(name), { "data-choice": `cfg-${name}`, "aria-label": t(kind === "secret" ? "config.replaceOf" : "config.changeOf", { label }) });
    return row(label, hint, [h("span", { class: "now" }, valueOf(setting)), change]);
  }

  edit(name) {
    this.editing = name;
    this.draw();
    this.element.querySelector("form input, form select")?.focus();
  }

  editor(setting, label) {
    const { name, kind, variable } = setting;
    const id = `cfg-field-${name}`;
    const input = kind === "choice" || kind === "switch"
      ? h("select", { id }, (kind === "switch" ? ["true", "false"] : setting.choices).map((value) => h("option", { value, selected: value === String(setting.value) }, kind === "switch" ? t(`config.${value}`) : value)))
      : h("input", { id, type: kind === "secret" ? "password" : "text", inputmode: kind === "whole" ? "numeric" : kind === "number" ? "decimal" : null, autocomplete: kind === "secret" ? "new-password" : "off", autocapitalize: "off", spellcheck: "false", maxlength: "4000", value: kind === "secret" ? "" : String(variable || (setting.value ?? "")), placeholder: kind === "secret" ? "" : String(setting.default ?? "") });
    const fault = h("p", { class: "bad small", role: "alert", id: `${id}-fault` });
    input.dataset.choice = `cfg-edit-${name}`;
    input.setAttribute("aria-describedby", fault.id);
    const send = async (value) => {
      const failed = await this.save(setting, value);
      if (!failed) return;
      fault.textContent = failed;
      input.setAttribute("aria-invalid", "true");
      input.focus();
    };
    const form = h("form", { class: "config-form", novalidate: true, onsubmit: (event) => {
      event.preventDefault();
      send(typed(kind, input.value));
    } },
    h("label", { for: id, class: "label" }, label), h("p", { class: "hint" }, t(`cfgHint.${name}`), variable ? ` ${t("config.variableReplace", { variable: named(variable) })}` : ""),
    h("div", { class: "field" }, input), fault,
    h("div", { class: "acts" }, h("button", { type: "submit", class: "btn primary small" }, h("span", { class: "word" }, t("config.save"))),
      button("btn small", null, t("cancel"), () => this.close(name)),
      setting.is_set ? button("btn small", null, t(kind === "secret" ? "config.remove" : "config.default"), () => send(null)) : null));
    form.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close(name);
    });
    return form;
  }

  close(name) {
    this.editing = "";
    this.draw();
    this.element.querySelector(`[data-choice="${CSS.escape(`cfg-${name}`)}"]`)?.focus();
  }

  /** Nothing, or what is wrong with it. */
  async save(setting, value) {
    const { name, variable } = setting;
    try {
      const changed = await put("/api/config", { name, value, replace_variable: Boolean(variable) });
      if (this.editing === name) this.editing = "";
      update({ config: { ...state.config, settings: state.config.settings.map((each) => (each.name === name ? changed : each)) } });
      this.element.querySelector(`[data-choice="${CSS.escape(`cfg-${name}`)}"]`)?.focus();
      announce(t(changed.restart ? "config.savedRestart" : "config.saved"));
      return "";
    } catch (error) {
      if (this.editing !== name) toast(t("failed", { why: error.message }));
      return error.message;
    }
  }
}

/** A number that is none is sent as it is: the agent says what is wrong with it. */
function typed(kind, text) {
  if (kind === "switch") return text === "true" || (text === "false" ? false : text);
  const number = Number(text.trim());
  return ["whole", "number"].includes(kind) && text.trim() !== "" && Number.isFinite(number) ? number : text;
}

function valueOf({ name, kind, value, is_set: isSet, default: usual }) {
  if (kind === "secret") return isSet ? t("config.isSet") : h("span", { class: "quiet" }, t("config.notSet"));
  if (kind === "switch") return t(`config.${value}`);
  if (value === "") return h("span", { class: "quiet" }, t("config.empty"));
  const words = SECONDS.test(name) ? t("config.seconds", { count: number(value) }) : String(value);
  return [words, value === usual ? h("span", { class: "quiet small" }, ` ${t("config.usual")}`) : null];
}
