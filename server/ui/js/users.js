// The Users page: who they are, which roles they have, what their row filters are filled with, why they may.

import { at, get, put, remove, sentence } from "./api.js";
import { confirm } from "./confirm.js";
import { openDrawer } from "./drawer.js";
import { button, h, iconButton } from "./dom.js";
import { effective } from "./effective.js";
import { counted, moment, number } from "./format.js";
import { List } from "./list.js";
import { menu } from "./menu.js";
import { empty, facts, failed, link, pageHead, state, tags, waiting } from "./parts.js";
import { mayPreview } from "./preview.js";
import { may } from "./session.js";
import { toast } from "./toast.js";
import { UserForm } from "./user_form.js";

export const users = { id: "users", title: "Users", sign: "users", needs: "users_read", make: (app) => new Users(app) };

class Users {
  constructor(app) {
    this.app = app;
    const add = may("users_write") ? link("btn primary", "plus", "Add a user", "#/users/new") : null;
    this.list = new List({
      label: "Users",
      search: "Find a user",
      href: ({ username }) => `#/users/${encodeURIComponent(username)}`,
      load: async ({ search, after }) => {
        const { users: rows, next } = await get("/api/users", { search, after, limit: 50 });
        return { rows, next };
      },
      columns: [
        { head: "User", cell: ({ username, email }) => [h("span", { class: "name" }, username), email ? h("span", { class: "quiet small" }, email) : null] },
        { head: "State", cell: ({ active }) => (active ? state("ok", "Active") : state("quiet", "Not active")) },
        { head: "Roles", cell: ({ roles }) => (roles.length ? tags(roles) : h("span", { class: "quiet" }, "none")) },
        { head: "Attributes", kind: "rare", cell: ({ attributes }) => h("span", { class: "quiet" }, Object.entries(attributes).map(([name, value]) => `${name}: ${[value].flat().join(", ")}`).join(" · ") || "—") },
        { head: "Keys", kind: "num", cell: ({ keys }) => number(keys) },
      ],
      none: () => empty("No users yet", "A user has roles; the keys of the user have the same, and fail at once when the user is switched off.", may("users_write") ? link("btn primary", "plus", "Add a user", "#/users/new") : null),
    });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Users", "People and programs that ask. Their roles say what they may do and see.", add), this.list.element));
  }

  show([name, what]) {
    if (!this.list.rows || !name) this.list.read();
    if (name === "new") return this.edit(null);
    if (name) return this.open(name, what === "change");
    return undefined;
  }

  async open(name, change) {
    const back = () => this.app.go("users");
    openDrawer(name, waiting("Reading"), { onClose: back });
    let user;
    try {
      user = await get(at("users", name));
    } catch (error) {
      return openDrawer(name, failed(error, error.status === 404 ? null : () => this.open(name, change)), { onClose: back });
    }
    return change ? this.edit(user) : this.draw(user, back);
  }

  draw(user, back) {
    const { username } = user;
    const more = iconButton("more", "More", () => menu(more, [{ label: "Delete", icon: "bin", danger: true, act: () => this.drop(user) }], { label: username }), { "aria-haspopup": "menu", "aria-expanded": "false" });
    openDrawer(username, [
      facts([
        ["State", user.active ? state("ok", "Active") : state("quiet", "Not active")], ["Email", user.email], ["Roles", user.roles.length ? tags(user.roles) : "none"],
        ...Object.entries(user.attributes).map(([name, value]) => [name, [value].flat().join(", ")]),
        ["Keys that work", number(user.keys)], ["Added", moment(user.created_at)], ["Changed", moment(user.updated_at)],
      ]),
      effective(at("users", username, "permissions")),
    ], {
      onClose: back,
      foot: [
        may("users_write") ? link("btn primary", "edit", "Change", `#/users/${encodeURIComponent(username)}/change`) : null,
        may("users_write") ? button("btn", null, user.active ? "Deactivate" : "Activate", () => this.setActive(user, !user.active)) : null,
        mayPreview() ? link("btn", "eye", "View as", `#/view/user/${encodeURIComponent(username)}`) : null,
        h("span", { class: "grow" }), may("users_delete") ? more : null,
      ].filter(Boolean),
    });
  }

  edit(user) {
    const back = () => this.app.go("users", ...(user ? [user.username] : []));
    new UserForm(user, { cancel: back, saved: (name) => {
      toast(user ? `${name} was changed` : `${name} was added`);
      this.list.read();
      this.app.go("users", name);
    } }).open(back);
  }

  async setActive(user, active) {
    const { username } = user;
    if (!active && !(await confirm({ title: `Deactivate ${username}?`, text: "Every key of this user fails at once. You can activate the user again.", act: "Deactivate" }))) return;
    try {
      const changed = await put(at("users", username), { active });
      this.draw(changed, () => this.app.go("users"));
      this.list.read();
      toast(active ? `${username} is active` : `${username} is not active any more`, active ? null : { label: "Undo", act: () => this.setActive(changed, true) });
    } catch (error) {
      toast(sentence(error));
    }
  }

  async drop({ username, keys }) {
    const text = `${keys ? `${counted(keys, "key of this user is", "keys of this user are")} revoked for good. ` : ""}What the user did stays in the audit trail.`;
    if (!(await confirm({ title: `Delete ${username}?`, text, act: "Delete", word: username }))) return;
    try {
      await remove(at("users", username));
      toast(`${username} was deleted`);
      this.app.go("users");
    } catch (error) {
      toast(sentence(error));
    }
  }
}
