// The Keys page: who has which key, when it was last used and ends; made, rotated, revoked.

import { at, get, post, remove, sentence } from "./api.js";
import { confirm } from "./confirm.js";
import { openDrawer } from "./drawer.js";
import { button, h, iconButton } from "./dom.js";
import { effective } from "./effective.js";
import { age, counted, date, moment } from "./format.js";
import { choiceField, form } from "./forms.js";
import { KeyForm } from "./key_form.js";
import { List } from "./list.js";
import { menu } from "./menu.js";
import { empty, facts, failed, kept, link, note, pageHead, state, tags, waiting } from "./parts.js";
import { whoami } from "./session.js";
import { toast } from "./toast.js";

export const keys = { id: "keys", title: "Keys", sign: "key", needs: "keys_write", make: (app) => new Keys(app) };

const SOON = 14 * 86400000;
const OVERLAPS = [["0", "at once"], ["3600", "in one hour"], ["86400", "in one day"], ["604800", "in one week"]];

class Keys {
  constructor(app) {
    this.app = app;
    this.fresh = null;
    this.list = new List({
      label: "Keys",
      search: "Find a key",
      href: ({ id }) => `#/keys/${encodeURIComponent(id)}`,
      load: async ({ search, after }) => {
        const { keys: rows, next } = await get("/api/keys", { search, after, limit: 50 });
        return { rows, next };
      },
      columns: [
        { head: "Key", cell: ({ id, name }) => [h("span", { class: "name" }, name, id === whoami().key_id ? h("span", { class: "tag accent" }, "yours") : null), h("span", { class: "quiet small mono" }, id)] },
        { head: "State", cell: stateOf },
        { head: "User", kind: "rare", cell: ({ user }) => user || h("span", { class: "quiet" }, "—") },
        { head: "May", cell: ({ roles, permissions, user }) => (roles.length ? tags(roles) : permissions.length ? h("span", { title: permissions.join(", ") }, counted(permissions.length, "permission")) : h("span", { class: "quiet" }, user ? `as ${user}` : "nothing")) },
        { head: "Last used", kind: "rare", cell: ({ last_used_at: used }) => (used ? h("span", { title: moment(used) }, `${age(used)} ago`) : h("span", { class: "quiet" }, "never")) },
        { head: "Expires", cell: expiry },
      ],
      none: () => empty("No keys", "Every program and every person that asks has a key of its own.", link("btn primary", "plus", "Make a key", "#/keys/new")),
    });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Keys", "A key is shown once, when it is made. The backend keeps only its hash.", link("btn primary", "plus", "Make a key", "#/keys/new")), this.list.element));
  }

  show([id, what]) {
    if (!this.list.rows || !id) this.list.read();
    if (id === "new") return this.edit(null);
    if (id) return this.open(id, what);
    return undefined;
  }

  async open(id, what) {
    const back = () => this.app.go("keys");
    const fresh = this.fresh?.info.id === id ? this.fresh : null;
    this.fresh = null;
    openDrawer(fresh?.info.name ?? id, waiting("Reading"), { onClose: back });
    try {
      const key = fresh?.info ?? (await get(at("keys", id)));
      if (what === "change") this.edit(key);
      else this.draw(key, back, fresh?.code ? code(fresh) : fresh?.key ? once(fresh.key) : null);
    } catch (error) {
      openDrawer(id, failed(error, error.status === 404 ? null : () => this.open(id, what)), { onClose: back });
    }
  }

  draw(key, back, shown) {
    const fixed = key.provisioned || key.revoked;
    const more = iconButton("more", "More", () => menu(more, [{ label: "Revoke", icon: "bin", danger: true, act: () => this.revoke(key) }], { label: key.name }), { "aria-haspopup": "menu", "aria-expanded": "false" });
    openDrawer(key.name, [
      shown ?? null,
      key.provisioned ? note("", "This key stands in security.api_keys_file, and is changed there.") : null,
      facts([
        ["State", stateOf(key)], ["User", key.user], ["Roles", key.roles.length ? tags(key.roles) : ""], ["Permissions", key.permissions.length ? tags(key.permissions) : ""],
        ["Expires", expiry(key)], ["Addresses", key.allowed_ips?.join(", ")], ["Rate", key.rate_limit],
        ["Last used", key.last_used_at ? moment(key.last_used_at) : "never"], ["Made", key.created_at ? moment(key.created_at) : ""], ["By", key.created_by],
        ["Rotated", key.rotated_at ? moment(key.rotated_at) : ""], ["Old text works until", key.previous_expires_at ? moment(key.previous_expires_at) : ""], ["Id", h("span", { class: "mono small" }, key.id)],
      ]),
      effective(at("keys", key.id, "permissions")),
    ].filter(Boolean), {
      onClose: back,
      foot: fixed ? [] : [
        link("btn primary", "edit", "Change", `#/keys/${encodeURIComponent(key.id)}/change`), button("btn", "again", "Rotate", () => this.rotate(key)), h("span", { class: "grow" }), more,
      ],
    });
  }

  edit(key) {
    const back = () => this.app.go("keys", ...(key ? [key.id] : []));
    new KeyForm(key, { cancel: back, made: (made) => {
      this.fresh = made;
      this.list.read();
      this.app.go("keys", made.info.id);
    }, saved: (info) => {
      toast(`${info.name} was changed`);
      this.list.read();
      this.app.go("keys", info.id);
    } }).open(back);
  }

  rotate(key) {
    const back = () => this.app.go("keys");
    const overlap = choiceField("The old one ends", OVERLAPS, { value: "86400", hint: "Until then both work, so that nobody is refused while the new one is put in its place." });
    const made = form([note("", `${key.name} gets a new text, with the same permissions. It is shown once.`), overlap.element], {
      act: "Rotate",
      cancel: () => this.draw(key, back),
      send: async () => {
        const { key: text, info } = await post(at("keys", key.id, "rotate"), { overlap_seconds: Number(overlap.value()) });
        this.list.read();
        this.draw(info, back, once(text));
      },
    });
    openDrawer(`Rotate ${key.name}`, made.element, { foot: made.foot, onClose: back });
  }

  async revoke(key) {
    const own = key.id === whoami().key_id;
    const text = own ? "This is the key that you are signed in with: you will be signed out." : "Whoever uses it is refused from now on. This cannot be undone.";
    if (!(await confirm({ title: `Revoke ${key.name}?`, text, act: "Revoke" }))) return;
    try {
      await remove(at("keys", key.id));
      toast(`${key.name} was revoked`);
      this.app.go("keys");
    } catch (error) {
      toast(sentence(error));
    }
  }
}

const once = (key) => h("div", { class: "stack once" },
  note("ok", "Copy the key now: it is shown this once, and nobody can read it again."),
  kept(key),
  h("p", { class: "hint" }, `Give it to its owner over a way that you trust. In the agent it goes into Settings, Connection, together with this address: ${location.origin}`));

const code = ({ code: text, link, code_expires_at: until }) => h("div", { class: "stack once" },
  note("ok", `Hand over the link or the code now: each works once, until ${moment(until)}, and is shown this once.`),
  kept(link), kept(text),
  h("p", { class: "hint" }, `The link opens the agent with both filled in; the code is typed in there with this address: ${location.origin}`));

function stateOf(key) {
  if (key.revoked) return state("quiet", "Revoked");
  if (key.waits) return state("quiet", "Waits", key.trouble);
  if (key.works === false) return state("bad", "Does not work", key.trouble);
  if (key.expires_at && new Date(key.expires_at) < new Date()) return state("quiet", "Expired");
  return state("ok", "Works");
}

function expiry({ expires_at: at_, revoked }) {
  if (!at_) return h("span", { class: "quiet" }, "never");
  const left = new Date(at_) - Date.now();
  return h("span", { class: left < SOON && left > 0 && !revoked ? "warn" : left < 0 ? "quiet" : null, title: moment(at_) }, date(at_));
}
