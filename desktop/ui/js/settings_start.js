// Settings: whether the agent opens with the login on this PC.

import { put } from "./api.js";
import { t } from "./messages.js";
import { row, toggle } from "./settings_rows.js";
import { state, update } from "./state.js";
import { toast } from "./toast.js";

export const start = { name: "start", icon: "play", hears: "autostart", draw };

function draw() {
  const { possible, on } = state.autostart;
  if (!possible && !on) return [row(t("set.login"), t("set.loginNone"), "")];
  return [toggle("login", t("set.login"), t("set.loginHint"), on, setLogin)];
}

async function setLogin(wanted) {
  const before = state.autostart;
  update({ autostart: { ...before, on: wanted } });
  try {
    update({ autostart: await put("/api/autostart", { on: wanted }) });
  } catch (error) {
    update({ autostart: before });
    toast(t("failed", { why: error.message }));
  }
}
