// The form of a role: its permissions, and one of three ways with data: all, none, or what the editor says.

import { at, post, put } from "./api.js";
import { h } from "./dom.js";
import { openDrawer } from "./drawer.js";
import { form, required, textField } from "./forms.js";
import { permissionBoxes } from "./permission_boxes.js";
import { PolicyEditor } from "./policy_editor.js";
import { isEverything } from "./policy_words.js";

const ALL = [{ connection: "*", tables: [{ table: "*" }] }];
const WAYS = [["all", "All data", "Every table of every connection, also of those that come later."], ["some", "Only what is named here", "Tables, columns and rows; everything else is not there."], ["none", "No data", "Permissions alone."]];

export class RoleForm {
  /** ``role`` null: a new one, begun like ``model``. */
  constructor(role, model, { cancel, saved }) {
    this.role = role;
    this.saved = saved;
    const policies = model ? model.policies : [];
    this.name = textField("Name", { value: role?.name ?? "", max: 63, placeholder: "zone_manager", readonly: Boolean(role) });
    this.about = textField("About", { value: model?.description ?? "", optional: true, max: 500 });
    this.permissions = permissionBoxes(model?.permissions ?? []);
    this.editor = new PolicyEditor(isEverything(policies) ? [] : policies);
    const way = isEverything(policies) ? "all" : policies.length ? "some" : model ? "none" : "some";
    this.ways = h("fieldset", { class: "boxes" }, h("legend", null, "Data that it shows"), WAYS.map(([value, label, hint]) => {
      const input = h("input", { type: "radio", name: "way", value });
      input.checked = value === way;
      return h("label", { class: "box" }, input, h("span", null, h("span", { class: "name" }, label), " ", h("span", { class: "quiet small" }, hint)));
    }));
    this.ways.addEventListener("change", () => this.drawWay());
    this.drawWay();
    this.form = form([this.name.element, this.about.element, this.ways, this.editor.element, this.permissions.element], {
      act: role ? "Save" : "Add",
      send: () => this.send(),
      blame: (error) => (/role called|name of a role/i.test(error.message) && !role ? this.name : this.way === "some" ? this.editor.blame(error.message) : null),
      cancel,
    });
  }

  get way() {
    return this.ways.querySelector(":checked").value;
  }

  drawWay() {
    this.editor.element.hidden = this.way !== "some";
    if (this.way === "some") this.editor.begin();
  }

  async open(onClose) {
    openDrawer(this.role ? `Change ${this.role.name}` : "Add a role", this.form.element, { foot: this.form.foot, onClose, dirty: this.form.dirty, wide: true });
  }

  async send() {
    const fields = {
      description: this.about.value(),
      permissions: this.permissions.value(),
      policies: this.way === "all" ? ALL : this.way === "none" ? [] : this.editor.value(),
    };
    const name = this.role?.name ?? required(this.name);
    if (this.role) await put(at("roles", name), fields);
    else await post("/api/roles", { name, ...fields });
    this.form.clean();
    this.saved(name);
  }
}
