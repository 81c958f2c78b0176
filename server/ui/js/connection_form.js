// The form of a connection, made from the fields of its kind. A secret is only ever typed in, never shown.

import { at, post, put } from "./api.js";
import { h } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { areaField, choiceField, Fault, form, numberField, required, textField } from "./forms.js";

const WIDTHS = { host: "w3", port: "w3", user: "w3", password: "w3" };
const OFTEN_LEFT = new Set(["samples", "cache_seconds", "max_connections", "query_timeout", "memory_mb", "threads", "cache_mb", "copy_mb"]);

export class ConnectionForm {
  /** ``connection`` null: a new one. */
  constructor(kinds, connection, { cancel, saved }) {
    this.kinds = kinds;
    this.connection = connection;
    this.saved = saved;
    this.place = h("div", { class: "stack" });
    this.name = textField("Name", { max: 63, placeholder: "postgres_prod" });
    this.about = textField("About", { value: connection?.description ?? "", optional: true, hint: "For those who ask: what is in it." });
    this.type = choiceField("Kind", kinds.map(({ type, label }) => [type, label]), { value: connection?.type, onchange: () => this.fill() });
    for (const { element } of [this.type, this.name]) element.classList.add("w3");
    this.form = form([...(connection ? [] : [h("div", { class: "pairs" }, this.type.element, this.name.element)]), this.about.element, this.place], {
      act: connection ? "Save" : "Save and test",
      send: () => this.send(),
      blame: (error) => this.blame(error),
      cancel,
    });
    this.fill();
  }

  open(onClose) {
    openDrawer(this.connection ? `Change ${this.connection.name}` : "Add a connection", this.form.element, { foot: this.form.foot, onClose, dirty: this.form.dirty });
  }

  get kind() {
    return this.kinds.find(({ type }) => type === (this.connection?.type ?? this.type.value()));
  }

  fill() {
    const params = this.connection?.params ?? {};
    this.fields = new Map((this.kind?.fields ?? []).map((field) => [field.name, made(field, params[field.name], Boolean(this.connection))]));
    const rare = [...this.fields].filter(([name]) => OFTEN_LEFT.has(name)).map(([, field]) => field.element);
    const usual = [...this.fields].filter(([name]) => !OFTEN_LEFT.has(name)).map(([, field]) => field.element);
    for (const [name, width] of Object.entries(WIDTHS)) if (this.fields.has("host")) this.fields.get(name)?.element.classList.add(width);
    this.place.replaceChildren(h("div", { class: "pairs" }, usual), rare.length ? h("details", { class: "more-fields" }, h("summary", null, "Limits and caching"), h("div", { class: "stack" }, rare)) : "");
  }

  params() {
    const params = {};
    for (const { name, required: needed, secret, default: usual, label } of this.kind.fields) {
      const field = this.fields.get(name);
      const value = field.value();
      if (value === null || value === "") {
        if (needed && !(secret && this.connection) && (usual === null || usual === undefined)) throw new Fault(field, `${label} is needed.`);
        continue;
      }
      params[name] = value;
    }
    return params;
  }

  async send() {
    const description = this.about.value();
    if (this.connection) {
      await put(at("connections", this.connection.name), { params: this.params(), description });
      this.form.clean();
      return this.saved(this.connection.name);
    }
    const name = required(this.name);
    await post("/api/connections", { name, type: this.kind.type, params: this.params(), description });
    this.form.clean();
    return this.saved(name);
  }

  /** The backend names the field in its sentence: 'port', or “Give password again”. */
  blame(error) {
    const words = `${error.message}`;
    if (/name of a connection|already|There is a connection called/.test(words) && !this.connection) return this.name;
    const name = /field '(\w+)'/.exec(words)?.[1] ?? /^Give (\w+)/.exec(words)?.[1];
    return this.fields.get(name);
  }
}

function made({ name, label, secret, required: needed, default: usual, help, type, guards_secret: guards }, value, changing) {
  const optional = !needed;
  const hint = [help, secret && changing ? "Leave it empty to keep what is sealed." : "", guards && changing ? "When this changes, the secrets must be given again." : ""].filter(Boolean).join(" ");
  const placeholder = usual === null || usual === undefined || usual === "" ? "" : String(usual);
  if (secret) return textField(label, { hint: hint || "Sealed when saved; nobody can read it back.", secret: true, optional, max: 20000 });
  if (type === "boolean") {
    const field = choiceField(label, [["", "as usual"], ["true", "yes"], ["false", "no"]], { value: value === undefined ? "" : String(value), hint });
    return { ...field, value: () => ({ true: true, false: false })[field.value()] ?? null };
  }
  if (type === "integer" || type === "decimal") return numberField(label, { value: value ?? "", hint, whole: type === "integer", optional, placeholder });
  if (/PEM/.test(help)) return areaField(label, { value: value ?? "", hint, optional, mono: true, rows: 2 });
  return textField(label, { value: value ?? "", hint, optional, placeholder, max: 4000, mono: name === "root" });
}
