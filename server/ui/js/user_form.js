// The form of a user: roles to tick, attributes that row filters use.

import { at, get, post, put } from "./api.js";
import { button, h, iconButton } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { boxes, Fault, form, required, switchField, textField } from "./forms.js";
import { waiting } from "./parts.js";
import { may } from "./session.js";

export class UserForm {
  /** ``user`` null: a new one. */
  constructor(user, { cancel, saved }) {
    Object.assign(this, { user, cancel, saved });
  }

  async open(onClose) {
    const title = this.user ? `Change ${this.user.username}` : "Add a user";
    openDrawer(title, waiting("Reading the roles"), { onClose });
    const roles = await everyRole();
    const { user } = this;
    this.name = textField("Name", { value: user?.username ?? "", max: 100, placeholder: "anita.verma", readonly: Boolean(user) });
    this.email = textField("Email", { value: user?.email ?? "", optional: true, type: "email", max: 254 });
    this.active = switchField("Active", { on: user?.active ?? true, hint: "Off: every key of this user fails at once." });
    const names = [...new Set([...roles.map(({ name }) => name), ...(user?.roles ?? [])])];
    this.roles = boxes("Roles", names.map((name) => [name, name, roles.find((role) => role.name === name)?.description]), { chosen: user?.roles ?? [] });
    this.attributes = new Attributes(user?.attributes ?? {});
    this.form = form([this.name.element, this.email.element, this.roles.element, this.attributes.element, this.active.element], {
      act: user ? "Save" : "Add",
      send: () => this.send(),
      blame: ({ message }) => (/email/i.test(message) ? this.email : /user called|username|name of a user/i.test(message) ? this.name : /attribute/i.test(message) ? this.attributes : null),
      cancel: this.cancel,
    });
    openDrawer(title, this.form.element, { foot: this.form.foot, onClose, dirty: this.form.dirty });
  }

  async send() {
    const fields = { email: this.email.value(), roles: this.roles.value(), active: this.active.value(), attributes: this.attributes.value() };
    if (this.user) await put(at("users", this.user.username), fields);
    else await post("/api/users", { username: required(this.name), ...fields });
    this.form.clean();
    this.saved(this.user?.username ?? this.name.value());
  }
}

/** All of them; without the permission to read roles only their names, as the built-in ones. */
export async function everyRole() {
  if (!may("roles_read")) return ["admin", "analyst", "developer", "viewer"].map((name) => ({ name }));
  const found = [];
  let after = null;
  do {
    const { roles, next } = await get("/api/roles", { limit: 200, after });
    found.push(...roles);
    after = next;
  } while (after && found.length < 2000);
  return found;
}

class Attributes {
  constructor(values) {
    this.lines = h("div", { class: "stack" });
    this.problem = h("p", { class: "problem", hidden: true });
    this.element = h("fieldset", { class: "boxes" }, h("legend", null, "Attributes", h("span", { class: "quiet" }, " optional")),
      h("p", { class: "hint" }, "Row filters of roles use them: with a zone here, a role’s rows can be zone in ({user.zone})."),
      this.lines, this.problem, h("div", { class: "acts" }, button("btn small", "plus", "Add an attribute", () => this.add("", "").focus())));
    for (const [name, value] of Object.entries(values)) this.add(name, value);
  }

  get input() {
    return this.lines.querySelector("input") ?? this.element.querySelector("button");
  }

  add(name, value) {
    const shown = [value].flat().join(", ");
    const key = h("input", { "aria-label": "Name of the attribute", value: name, placeholder: "zone", maxlength: "63", autocomplete: "off", spellcheck: "false" });
    const text = h("input", { "aria-label": "Value, or several with commas", value: shown, placeholder: "North, South", maxlength: "2000", autocomplete: "off", spellcheck: "false" });
    const line = h("div", { class: "attribute" }, h("div", { class: "field" }, key), h("div", { class: "field" }, text), iconButton("x", "Take it away", () => {
      line.remove();
      this.element.dispatchEvent(new Event("input", { bubbles: true }));
    }));
    line.read = () => [key.value.trim(), text.value.trim() === shown ? value : split(text.value)];
    this.lines.append(line);
    return key;
  }

  value() {
    const found = {};
    for (const line of this.lines.children) {
      const [name, value] = line.read();
      if (!name && !value.length) continue;
      if (!/^[A-Za-z_]\w*$/.test(name)) throw new Fault(this, "An attribute’s name has letters, digits and _.");
      if (name in found) throw new Fault(this, `The attribute ${name} stands there twice.`);
      found[name] = value;
    }
    return found;
  }

  fault(text) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
  }
}

function split(text) {
  const parts = text.split(",").map((part) => part.trim()).filter(Boolean);
  return parts.length > 1 ? parts : parts[0] ?? "";
}
