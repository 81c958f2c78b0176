// Settings: which folders are granted, and how files are treated.

import { h } from "./dom.js";
import { t } from "./messages.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";

export const files = { name: "files", icon: "folder", hears: "grants", draw };

function draw() {
  const manage = h("a", { class: "btn small", href: "#/files", "data-choice": "files" }, t("set.filesManage"));
  const grants = state.grants ?? [];
  return [
    ...grants.map((grant) => row(grant.name, grant.place || t("files.dropWhy"), "")),
    row(grants.length ? t("files.label") : t("set.filesNone"), grants.length ? "" : t("set.filesNoneWhy"), manage),
    row(t("set.filesHow"), t("set.filesHowWhy"), ""),
  ];
}
