// Settings: the keys of the settings file that belong to the program as a whole, and where that file is.

import { t } from "./messages.js";
import { ConfigRows, readConfig } from "./settings_config.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";

let rows = null;

export const program = { name: "program", icon: "gear", hears: "setup", draw, open: readConfig };

function draw() {
  rows ??= new ConfigRows("program");
  return [row(t("set.change"), t("set.changeHint", { file: state.setup.file }), ""), rows.element];
}
