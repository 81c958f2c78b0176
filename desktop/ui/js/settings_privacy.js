// Settings: whether cell values may go to a model, and what has left this PC.

import { get, remove } from "./api.js";
import { button, h } from "./dom.js";
import { bytes } from "./format.js";
import { t } from "./messages.js";
import { keep, row, toggle } from "./settings_rows.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

export const privacy = { name: "privacy", icon: "shield", hears: "settings", draw, open };

let total = null;

async function open(again) {
  try {
    total = await get("/api/meter");
  } catch {
    total = null; // the row then only leads to the page, which says what is wrong
  }
  again();
}

function draw() {
  const hint = total ? t("set.sentHint", { model: bytes(total.bytes), backend: bytes(total.backend_bytes) }) : "";
  return [
    toggle("cells", t("set.cells"), t("set.cellsHint"), state.settings.never_send_cells, (wanted) => keep("never_send_cells", wanted)),
    row(t("set.sent"), hint, h("a", { class: "btn small", href: "#/sent", "data-choice": "sent" }, t("set.sentSee"))),
    row(t("set.texts"), t("set.textsHint"), button("btn small", "bin", t("set.forget"), forget, { "data-choice": "forget" })),
  ];
}

async function forget() {
  try {
    await remove("/api/sent/texts");
    toast(t("set.forgot"));
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
}
