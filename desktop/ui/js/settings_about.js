// Settings: what this program is.

import { t } from "./messages.js";
import { row } from "./settings_rows.js";
import { state } from "./state.js";

export const about = { name: "about", icon: "info", hears: "version", draw };

function draw() {
  return [row(t("app.name"), "", `${t("set.version")} ${state.version}`), row(t("set.leaves"), t("set.leavesHint"), "")];
}
