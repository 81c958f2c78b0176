// Settings: who answers.

import { t } from "./messages.js";
import { ConfigRows, readConfig } from "./settings_config.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";

export const answers = { name: "answers", icon: "data", hears: "model", draw, open: readConfig };

let rows = null;

function draw() {
  const { model } = state;
  return [row(t("set.model"), t(`set.model.${["gemini", "openai"].includes(model.kind) ? model.kind : "analyst"}`), model.label), (rows ??= new ConfigRows("answers")).element];
}
