// The Overview page: whether all is well, and what needs a person. Each part is left out that the key may not see.

import { accountOf, noteAccounts } from "./account.js";
import { get, text } from "./api.js";
import { button, h, icon } from "./dom.js";
import { age, date, elapsed, number } from "./format.js";
import { load } from "./load.js";
import { Metrics } from "./metrics.js";
import { failed, pageHead, section, tally, tile, waiting } from "./parts.js";
import { may } from "./session.js";
import { checked, testOf } from "./testing.js";

export const overview = { id: "overview", title: "Overview", sign: "pulse", needs: null, make: () => new Overview() };

const SOON_DAYS = 14;
const MOST_KEYS = 1000;
const MOST_NAMES = 6;

class Overview {
  constructor() {
    this.again = button("btn", "again", "Look again", () => this.read());
    this.test = may("connections_write") && may("connections_read") ? button("btn", "play", "Test connections", () => this.testAll()) : null;
    this.place = h("div", { class: "stack wide" });
    this.element = h("div", { class: "scroll" }, h("div", { class: "page" }, pageHead("Overview", "What runs, and what needs a person.", this.test, this.again), this.place));
  }

  show() {
    return this.read();
  }

  async read() {
    this.again.disabled = true;
    if (!this.place.hasChildNodes()) this.place.replaceChildren(waiting("Looking"));
    try {
      const [health, ready, connections, keys, metrics] = await Promise.all([
        get("/health"), readiness(),
        may("connections_read") ? get("/api/connections").then((found) => found.connections) : null,
        may("keys_write") ? get("/api/keys", { limit: MOST_KEYS }).then((found) => found.keys) : null,
        may("system_admin") ? text("/metrics").then((found) => new Metrics(found)) : null,
      ]);
      noteAccounts(connections ?? []);
      this.found = { health, ready, connections, keys, metrics };
      this.draw();
    } catch (error) {
      this.place.replaceChildren(failed(error, () => this.read()));
    } finally {
      this.again.disabled = false;
    }
  }

  async testAll() {
    const names = this.found?.connections?.map(({ name }) => name) ?? [];
    this.test.disabled = true;
    for (const name of names) await checked(name, () => this.draw());
    this.test.disabled = false;
  }

  draw() {
    const { health, ready, connections, keys, metrics } = this.found;
    const well = health.status === "ok" && ready.status === "ready";
    const away = ready.sources_away ?? 0;
    const tiles = [
      tile(well ? "Well" : ready.status === "ready" ? health.status : "Not ready", `up for ${age(Date.now() - health.uptime * 1000)}`, well ? "ok" : "warn"),
      away ? tile(`${number(ready.sources - away)} of ${number(ready.sources)}`, "connections there", "warn") : tally(connections?.length ?? health.connections, "connection", "connections"),
      keys ? tally(keys.filter(alive).length, "key that works", "keys that work") : null,
      ...(metrics ? figures(metrics) : []),
    ];
    const warnings = this.warnings();
    this.place.replaceChildren(
      h("div", { class: "tiles" }, tiles.filter(Boolean)),
      section("Needs a person", warnings.length ? h("ul", { class: "todo" }, warnings) : h("p", { class: "calm" }, icon("check"), "Nothing that this page can see.")),
      ...(metrics ? load(metrics, connections) : []));
  }

  warnings() {
    const { ready, connections, keys } = this.found;
    const found = [];
    for (const reason of ready.reasons ?? []) found.push(todo("The backend is not ready", String(reason)));
    if (location.protocol === "http:") found.push(todo("This backend is reached without encryption", "Keys and data cross the network readable. Set server.ssl_cert and server.ssl_key, or put a proxy with TLS before it."));
    for (const { name } of connections ?? []) {
      const test = testOf(name);
      const href = `#/connections/${encodeURIComponent(name)}`;
      if (test?.error) found.push(todo(`${name} does not work`, test.error.message, href));
      if (accountOf(name).warnings?.length) found.push(todo(`The account of ${name} may do more than read`, "The connection shows the statements that mend it.", href));
    }
    const unknown = (connections ?? []).filter(({ name }) => !accountOf(name).warnings && !testOf(name)?.error);
    if (unknown.length) found.push(todo("What these accounts may do is not known yet", `${some(unknown.map(({ name }) => name))}. A test finds it out.`, "#/connections", "info"));
    for (const key of (keys ?? []).filter(alive)) {
      const days = key.expires_at ? (new Date(key.expires_at) - Date.now()) / 86400000 : Infinity;
      if (days < SOON_DAYS) found.push(todo(`The key “${key.name}” expires on ${date(key.expires_at)}`, "Whoever uses it is refused from then on. Give it a later day, or make another one in time.", `#/keys/${encodeURIComponent(key.id)}`));
    }
    return found;
  }
}

const some = (names) => (names.length > MOST_NAMES + 1 ? `${names.slice(0, MOST_NAMES).join(", ")} and ${number(names.length - MOST_NAMES)} more` : names.join(", "));

/** Not ready is an answer too, with another status. */
async function readiness() {
  const response = await fetch("/health/ready", { cache: "no-store", credentials: "omit" });
  return response.json();
}

function figures(metrics) {
  const calls = metrics.sum("vmart_requests_total") ?? 0;
  const failures = metrics.sum("vmart_requests_total", ({ status }) => status >= "500") ?? 0;
  const [hits, misses] = ["hit", "miss"].map((result) => metrics.sum("vmart_cache_lookups_total", (labels) => labels.result === result) ?? 0);
  const asked = ({ endpoint }) => endpoint === "query.run";
  const time = (share) => {
    const seconds = metrics.quantile("vmart_request_seconds", share, asked);
    return seconds === null ? "—" : elapsed(seconds * 1000);
  };
  return [
    tally(calls, "call since the start", "calls since the start"),
    tally(failures, "call that failed", "calls that failed", failures ? "bad" : ""),
    tile(time(0.5), "median query"),
    tile(time(0.95), "95 of 100 within"),
    tile(hits + misses ? `${number((100 * hits) / (hits + misses), 0)} %` : "—", "answers from the cache"),
    tally(metrics.sum("vmart_queries_running") ?? 0, "query now", "queries now"),
    tally(metrics.sum("vmart_workers") ?? 1, "worker", "workers"),
  ];
}

const alive = ({ revoked, works, expires_at: expires }) => !revoked && works !== false && !(expires && new Date(expires) < new Date());
const todo = (title, words, href, sign = "warn") => h("li", { "data-kind": sign }, icon(sign), h("div", { class: "grow" }, h("p", { class: "strong" }, title), h("p", { class: "quiet" }, words)), href ? h("a", { class: "btn small", href }, "Show") : null);
