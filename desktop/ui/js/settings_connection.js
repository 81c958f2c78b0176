// Settings: which backend is asked, and how to change that.

import { button, h } from "./dom.js";
import { t } from "./messages.js";
import { ConfigRows, readConfig } from "./settings_config.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";
import { backendLine } from "./status.js";
import { useDemo } from "./welcome.js";

export const connection = { name: "connection", icon: "link", hears: "backend connections setup", draw, open: readConfig };

let rows = null;

function draw() {
  const names = state.connections.map(({ name }) => name).join(", ");
  return [
    row(t("set.backend"), hint(), [h("span", { class: "nowrap" }, backendLine(state.backend)), ...acts()]),
    row(t("set.connections"), "", names || t("hello.noData")),
    (rows ??= new ConfigRows("connection")).element,
  ];
}

function hint() {
  const { backend, setup } = state;
  const kept = backend.demo && setup.url ? t("set.demoKept", { url: setup.url }) : "";
  return [backend.url, backend.detail, kept].filter(Boolean).join(" · ");
}

function acts() {
  const { backend, setup } = state;
  const none = backend.state === "not_configured";
  const again = backend.demo && setup.url ? t("set.useBackend", { host: hostOf(setup.url) }) : t(none ? "set.connect" : "set.changeBackend");
  return [
    h("a", { class: "btn small", href: "#/connect", "data-choice": "connect" }, again),
    backend.demo ? null : button("btn small", null, t("set.useDemo"), useDemo, { "data-choice": "demo" }),
  ];
}

function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return url;
  }
}
