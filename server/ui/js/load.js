// The load of a backend, from its metrics: each connection's pool and query time, and what fails most.

import { h } from "./dom.js";
import { elapsed, number } from "./format.js";
import { section, state } from "./parts.js";
import { testOf } from "./testing.js";

const MOST = 6;

export function load(metrics, connections) {
  const names = [...new Set([...(connections ?? []).map(({ name }) => name), ...metrics.by("vmart_pool_limit", "connection").map(([name]) => name)])];
  const failing = metrics.by("vmart_errors_total", "code").filter(([, count]) => count).slice(0, MOST);
  return [
    names.length ? section("Connections under load", pools(metrics, names)) : null,
    failing.length ? section("What was refused or failed, since the start", h("ul", { class: "why" }, failing.map(([code, count]) => h("li", null, h("a", { class: "mono small", href: "#/audit" }, code), h("span", { class: "num" }, number(count)))))) : null,
  ].filter(Boolean);
}

function pools(metrics, names) {
  return h("div", { class: "list-place" }, h("table", { class: "list plain" },
    h("thead", null, h("tr", null, ["Connection", "State", "Pool in use"].map((head) => h("th", { scope: "col" }, head)), ["Queries", "Median"].map((head) => h("th", { scope: "col", class: "num" }, head)))),
    h("tbody", null, names.map((name) => {
      const of = ({ connection }) => connection === name;
      const most = metrics.sum("vmart_pool_limit", of);
      const used = metrics.sum("vmart_pool_connections", (labels) => of(labels) && labels.state === "in_use") ?? 0;
      const waits = metrics.sum("vmart_pool_waiting", of) ?? 0;
      const seconds = metrics.quantile("vmart_query_seconds", 0.5, of);
      const cell = (head, kind, content) => h("td", { class: kind, "data-head": head }, h("div", { class: "cell" }, content));
      return h("tr", null,
        h("th", { scope: "row" }, h("a", { class: "open name", href: `#/connections/${encodeURIComponent(name)}` }, name)),
        cell("State", null, testOf(name)?.error || metrics.sum("vmart_pool_breaker_open", of) ? state("bad", "Away") : waits ? state("warn", `${number(waits)} wait`) : most === null ? h("span", { class: "quiet" }, "Not used yet") : state("ok", "There")),
        cell("Pool in use", null, most === null ? "—" : h("span", { class: "row" }, h("progress", { max: most, value: used, "aria-label": `Pool of ${name}` }), h("span", { class: "num" }, `${number(used)}/${number(most)}`))),
        cell("Queries", "num", number(metrics.sum("vmart_query_seconds_count", of) ?? 0)),
        cell("Median", "num", seconds === null ? "—" : elapsed(seconds * 1000)));
    }))));
}
