// Settings: what this program is, and the diagnostics bundle: shown first, then saved.

import { post } from "./api.js";
import { saveDiagnostics } from "./clipboard.js";
import { button, h } from "./dom.js";
import { t } from "./messages.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

export const about = { name: "about", icon: "info", hears: "version", draw };

let made = null;
let making = false;

function draw(again) {
  return [
    row(t("app.name"), "", `${t("set.version")} ${state.version}`), row(t("set.leaves"), t("set.leavesHint"), ""),
    row(t("set.status"), t("set.statusHint"), h("a", { class: "btn small", href: "#/status" }, t("set.statusOpen"))),
    row(t("diag.title"), t("diag.hint"), making
      ? h("span", { class: "row quiet" }, h("span", { class: "spin" }), t("diag.making"))
      : [made ? button("btn small primary", null, t("diag.save"), saveDiagnostics, { "data-choice": "diag-save" }) : null,
        button("btn small", null, t(made ? "diag.again" : "diag.make"), () => make(again), { "data-choice": "diag-make" })]),
    made ? h("div", { class: "diag" }, h("p", { class: "hint" }, t("diag.look")), made.map(({ name, text }) =>
      h("details", null, h("summary", null, name), h("pre", { class: "sql", tabindex: "0", "aria-label": name }, text.trim() || t("diag.empty"))))) : "",
  ];
}

async function make(again) {
  making = true;
  again();
  try {
    made = (await post("/api/diagnostics")).parts;
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
  making = false;
  again();
}
