// The Overview page: whether all is well, and what needs a person. Each part is left out that the key may not see.

import { get, text } from "./api.js";
import { button, h, icon } from "./dom.js";
import { age, date, number } from "./format.js";
import { Metrics } from "./metrics.js";
import { failed, pageHead, section, tile, waiting } from "./parts.js";
import { may } from "./session.js";
import { testOf } from "./testing.js";

export const overview = { id: "overview", title: "Overview", sign: "pulse", needs: null, make: () => new Overview() };

const SOON_DAYS = 14;

class Overview {
  constructor() {
    this.again = button("btn", "again", "Look again", () => this.read());
    this.place = h("div", { class: "stack wide" });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Overview", "What runs, and what needs a person.", this.again), this.place));
  }

  show() {
    return this.read();
  }

  async read() {
    this.again.disabled = true;
    if (!this.place.hasChildNodes()) this.place.replaceChildren(waiting("Looking"));
    try {
      const [health, connections, keys, metrics] = await Promise.all([
        get("/health"),
        may("connections_read") ? get("/api/connections").then((found) => found.connections) : null,
        may("keys_write") ? get("/api/keys").then((found) => found.keys) : null,
        may("system_admin") ? text("/metrics").then((found) => new Metrics(found)).catch(() => null) : null,
      ]);
      this.draw({ health, connections, keys, metrics });
    } catch (error) {
      this.place.replaceChildren(failed(error, () => this.read()));
    } finally {
      this.again.disabled = false;
    }
  }

  draw(found) {
    const { health, connections, keys } = found;
    const tiles = [
      tile(health.status === "ok" ? "Well" : health.status, `up for ${age(Date.now() - health.uptime * 1000)}`, health.status === "ok" ? "ok" : "warn"),
      tile(number(connections?.length ?? health.connections), "connections"),
      keys ? tile(number(keys.filter(alive).length), "keys in use") : null,
    ];
    const warnings = this.warnings(found);
    this.place.replaceChildren(
      h("div", { class: "tiles" }, tiles.filter(Boolean)),
      section("Needs a person", warnings.length ? h("ul", { class: "todo" }, warnings) : h("p", { class: "calm" }, icon("check"), "Nothing that this page can see.")));
  }

  warnings({ connections, keys }) {
    const found = [];
    if (location.protocol === "http:") found.push(todo("This backend is reached without encryption", "Keys and data cross the network readable. Set server.ssl_cert and server.ssl_key, or put a proxy with TLS before it."));
    for (const { name } of connections ?? []) {
      const test = testOf(name);
      if (test?.error) found.push(todo(`${name} does not work`, test.error.message, `#/connections/${encodeURIComponent(name)}`));
      else if (test?.warnings?.length) found.push(todo(`The account of ${name} may do more than read`, "Its test shows the statements that mend it.", `#/connections/${encodeURIComponent(name)}`));
    }
    for (const key of (keys ?? []).filter(alive)) {
      const days = key.expires_at ? (new Date(key.expires_at) - Date.now()) / 86400000 : Infinity;
      if (days < SOON_DAYS) found.push(todo(`The key “${key.name}” expires on ${date(key.expires_at)}`, "Whoever uses it will be refused from then on. Rotate it in time.", `#/keys/${encodeURIComponent(key.id)}`));
    }
    return found;
  }
}

const alive = ({ revoked, expires_at: expires }) => !revoked && !(expires && new Date(expires) < new Date());
const todo = (title, text, href) => h("li", null, icon("warn"), h("div", { class: "grow" }, h("p", { class: "strong" }, title), h("p", { class: "quiet" }, text)), href ? h("a", { class: "btn small", href }, "Show") : null);
