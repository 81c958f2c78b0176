// The Roles page: what each role may do, what data it shows, who has it.

import { at, get, remove, sentence } from "./api.js";
import { confirm } from "./confirm.js";
import { openDrawer } from "./drawer.js";
import { h, iconButton } from "./dom.js";
import { counted, moment, number } from "./format.js";
import { List } from "./list.js";
import { grouped, meaningOf, readMeanings } from "./meanings.js";
import { menu } from "./menu.js";
import { empty, facts, failed, link, note, pageHead, section, waiting } from "./parts.js";
import { policyLines, policySummary } from "./policy_words.js";
import { mayPreview } from "./preview.js";
import { RoleForm } from "./role_form.js";
import { may } from "./session.js";
import { toast } from "./toast.js";

export const roles = { id: "roles", title: "Roles and policies", sign: "shield", needs: "roles_read", make: (app) => new Roles(app) };

class Roles {
  constructor(app) {
    this.app = app;
    const add = may("roles_write") ? link("btn primary", "plus", "Add a role", "#/roles/new") : null;
    this.list = new List({
      label: "Roles",
      search: "Find a role",
      href: ({ name }) => `#/roles/${encodeURIComponent(name)}`,
      load: async ({ search, after }) => {
        const { roles: rows, next } = await get("/api/roles", { search, after, limit: 50 });
        return { rows, next };
      },
      columns: [
        { head: "Role", cell: ({ name, description, built_in: fixed }) => [h("span", { class: "name" }, name, fixed ? h("span", { class: "tag" }, "built in") : null), description ? h("span", { class: "quiet small" }, description) : null] },
        { head: "May", cell: ({ permissions }) => h("span", { title: permissions.join(", ") }, permissions.length === 23 ? "everything" : counted(permissions.length, "permission")) },
        { head: "Sees", cell: ({ policies }) => policySummary(policies) },
        { head: "Held by", kind: "num", cell: ({ holders }) => number(holders) },
      ],
      none: () => empty("No roles", "A role is a set of permissions and of data policies.", add?.cloneNode(true)),
    });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Roles and policies", "What a role may do, and which tables, columns and rows it shows.", add), this.list.element));
  }

  show([name, what]) {
    if (!this.list.rows || !name) this.list.read();
    if (name === "new") return this.edit(null, what);
    if (name) return this.open(name, what === "change");
    return undefined;
  }

  async open(name, change) {
    const back = () => this.app.go("roles");
    openDrawer(name, waiting("Reading"), { onClose: back, wide: true });
    try {
      const [role] = await Promise.all([get(at("roles", name)), readMeanings()]);
      if (change) await this.edit(role);
      else this.draw(role, back);
    } catch (error) {
      openDrawer(name, failed(error, error.status === 404 ? null : () => this.open(name, change)), { onClose: back });
    }
  }

  draw(role, back) {
    const { name } = role;
    const held = new Set(role.permissions);
    const groups = grouped().map(([title, names]) => [title, names.filter((one) => held.has(one))]).filter(([, names]) => names.length);
    const more = iconButton("more", "More", () => menu(more, [{ label: "Delete", icon: "bin", danger: true, act: () => this.drop(role) }], { label: name }), { "aria-haspopup": "menu", "aria-expanded": "false" });
    openDrawer(name, [
      role.built_in ? note("", "This role is built in and stays as it is. Copy it to make one of your own.") : null,
      facts([["About", role.description], ["Held by", counted(role.holders, "user or key", "users and keys")], ["Changed", role.updated_at ? moment(role.updated_at) : ""]]),
      section("Data that it shows", h("div", { class: "stack" }, policyLines(role.policies))),
      section("Permissions", groups.length ? groups.map(([title, names]) => h("div", null, h("p", { class: "strong" }, title), h("ul", { class: "why" }, names.map((one) => h("li", null, h("span", null, h("span", { class: "name" }, one), " ", h("span", { class: "quiet small" }, meaningOf(one)))))))) : h("p", { class: "quiet" }, "None.")),
    ].filter(Boolean), {
      onClose: back, wide: true,
      foot: [
        may("roles_write") && !role.built_in ? link("btn primary", "edit", "Change", `#/roles/${encodeURIComponent(name)}/change`) : null,
        may("roles_write") ? link("btn", "copy", "Copy", `#/roles/new/${encodeURIComponent(name)}`) : null,
        mayPreview() ? link("btn", "eye", "View as", `#/view/role/${encodeURIComponent(name)}`) : null,
        h("span", { class: "grow" }), may("roles_delete") && !role.built_in ? more : null,
      ].filter(Boolean),
    });
  }

  async edit(role, like) {
    const back = () => this.app.go("roles", ...(role ? [role.name] : like ? [like] : []));
    openDrawer("Role", waiting("Reading"), { onClose: back, wide: true });
    try {
      const model = role ?? (like ? await get(at("roles", like)) : null);
      await readMeanings();
      await new RoleForm(role, model, { cancel: back, saved: (name) => {
        toast(role ? `${name} was changed` : `${name} was added`);
        this.list.read();
        this.app.go("roles", name);
      } }).open(back);
    } catch (error) {
      openDrawer("Role", failed(error, () => this.edit(role, like)), { onClose: back });
    }
  }

  async drop({ name, holders }) {
    const text = holders ? `${counted(holders, "user or key has it", "users and keys have it")}. The backend refuses to delete a role that is in use: take it from them first.` : "Nobody has it. This cannot be undone.";
    if (!(await confirm({ title: `Delete the role ${name}?`, text, act: "Delete" }))) return;
    try {
      await remove(at("roles", name));
      toast(`${name} was deleted`);
      this.app.go("roles");
    } catch (error) {
      toast(sentence(error));
    }
  }
}
