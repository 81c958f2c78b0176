// Settings: how the window looks and writes numbers.

import { short } from "./format.js";
import { t } from "./messages.js";
import { choice } from "./settings_rows.js";

export const appearance = { name: "appearance", icon: "sun", hears: "settings", draw };

const EXAMPLE = 12419000;

function draw() {
  return [
    choice("theme", ["system", "light", "dark"], t("set.themeHint")),
    choice("numbers", ["indian", "international"], t("set.numbersHint", { example: short(EXAMPLE, "money") })),
  ];
}
