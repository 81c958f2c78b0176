// The form of a key: whose it is, what it may, until when, from where, how often; made at once, or by a connect code.

import { at, get, post, put } from "./api.js";
import { button, h } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { areaField, boxes, choiceField, Fault, form, required, textField } from "./forms.js";
import { readMeanings } from "./meanings.js";
import { failed, waiting } from "./parts.js";
import { permissionBoxes } from "./permission_boxes.js";
import { may } from "./session.js";
import { everyRole } from "./user_form.js";

const UNTIL = [["30", "in 30 days"], ["90", "in 90 days"], ["365", "in a year"], ["", "never"], ["date", "on a day"]];

export class KeyForm {
  /** ``key`` null: a new one, which ``made`` is given with its text. */
  constructor(key, { cancel, made, saved }) {
    Object.assign(this, { key, cancel, made, saved });
  }

  async open(onClose) {
    const title = this.key ? `Change ${this.key.name}` : "Make a key";
    openDrawer(title, waiting("Reading roles and permissions"), { onClose });
    try {
      const [roles, users] = await Promise.all([everyRole(), may("users_read") ? get("/api/users", { limit: 200 }) : { users: [] }, readMeanings()]);
      this.draw(title, onClose, roles, users.users);
    } catch (error) {
      openDrawer(title, failed(error, () => this.open(onClose)), { onClose });
    }
  }

  draw(title, onClose, roles, users) {
    const { key } = this;
    this.name = textField("Name", { value: key?.name ?? "", max: 100, placeholder: "chatbot-user1", hint: "Of the person or program that will use it." });
    this.user = textField("User", { value: key?.user ?? "", optional: true, max: 100, readonly: Boolean(key), hint: key ? "" : "The key has the user’s roles then, and fails when the user is switched off." });
    const list = h("datalist", { id: "key-users" }, users.map(({ username, email }) => h("option", { value: username }, email)));
    this.user.input.setAttribute("list", "key-users");
    this.roles = boxes("Roles", roles.map(({ name, description }) => [name, name, description]), { chosen: key?.roles ?? [] });
    this.permissions = permissionBoxes(key?.permissions ?? []);
    this.until = choiceField("Expires", key ? [["keep", "as it is"], ...UNTIL] : UNTIL, { value: key ? "keep" : "365", onchange: () => (this.day.element.hidden = this.until.value() !== "date") });
    this.day = textField("Day", { type: "date", hint: "At the end of this day." });
    this.day.element.hidden = true;
    this.ips = areaField("Addresses", { value: (key?.allowed_ips ?? []).join("\n"), optional: true, rows: 2, mono: true, placeholder: "10.0.0.0/8", hint: "Networks from which it may be used, one a line; empty for all." });
    this.rate = textField("Rate", { value: key?.rate_limit ?? "", optional: true, placeholder: "100/hour", hint: "In place of the backend’s own limit." });
    this.hint = h("p", { class: "hint" });
    const own = () => (this.hint.textContent = this.user.value() ? "Of what the user’s roles give, only the permissions ticked here; none ticked: all of them." : "Roles and permissions add up. A role brings its data policies along; permissions alone show all data.");
    this.user.input.addEventListener("input", () => ((this.roles.element.hidden = Boolean(this.user.value())), own()));
    this.roles.element.hidden = Boolean(key?.user);
    own();
    this.form = form([this.name.element, this.user.element, list, this.hint, this.roles.element, h("details", { class: "more-fields", open: Boolean(key?.permissions.length) }, h("summary", null, "Single permissions"), this.permissions.element),
      this.until.element, this.day.element, this.ips.element, this.rate.element], { act: key ? "Save" : "Make the key", send: () => this.send(), blame: (error) => this.blame(error), cancel: this.cancel, more: key ? [] : [button("btn", "link", "Make a connect code", () => this.sendByCode(), { title: "The agent exchanges it for the key, once, within ten minutes" })] });
    openDrawer(title, this.form.element, { foot: this.form.foot, onClose, dirty: this.form.dirty });
  }

  sendByCode() {
    this.byCode = true;
    this.form.element.requestSubmit();
  }

  async send() {
    const { byCode } = this;
    this.byCode = false;
    const user = this.user.value();
    const fields = {
      name: required(this.name),
      roles: user ? [] : this.roles.value(),
      permissions: this.permissions.value(),
      allowed_ips: this.ips.value().split(/[\s,]+/).filter(Boolean),
      rate_limit: this.rate.value(),
    };
    const expires = this.expiry();
    if (expires !== undefined) fields.expires_at = expires;
    if (this.key) {
      const info = await put(at("keys", this.key.id), fields);
      this.form.clean();
      return this.saved(info);
    }
    if (!user && !fields.roles.length && !fields.permissions.length) throw new Fault(this.roles, "Choose a role, a permission or a user.");
    const wanted = { ...fields, ...(user ? { user } : {}) };
    const made = byCode ? await post("/api/connect-codes", { ...wanted, url: location.origin }) : await post("/api/keys", wanted);
    this.form.clean();
    return this.made(made);
  }

  /** undefined: as it was. null: never. */
  expiry() {
    const chosen = this.until.value();
    if (chosen === "keep") return undefined;
    if (chosen === "") return null;
    if (chosen !== "date") return new Date(Date.now() + Number(chosen) * 86400000).toISOString();
    return new Date(`${required(this.day, "Choose a day.")}T23:59:59`).toISOString();
  }

  blame({ message }) {
    if (/address|network|allowed_ips/i.test(message)) return this.ips;
    if (/rate/i.test(message)) return this.rate;
    if (/expires_at/.test(message)) return this.until.value() === "date" ? this.day : this.until;
    if (/no user called/i.test(message)) return this.user;
    if (/name of a key/i.test(message)) return this.name;
    return null;
  }
}
