// Settings: whether tasks speak up outside the window, how much they say, and a try.

import { post } from "./api.js";
import { button } from "./dom.js";
import { t } from "./messages.js";
import { keep, row, toggle } from "./settings_rows.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

export const notifications = { name: "notifications", icon: "clock", hears: "settings", draw };

function draw() {
  const { notifications: on = true, notification_details: details = true } = state.settings;
  return [
    toggle("notifications", t("set.notify"), t("set.notifyHint"), on, (wanted) => keep("notifications", wanted)),
    toggle("details", t("set.details"), t("set.detailsHint"), details, (wanted) => keep("notification_details", wanted)),
    row(t("set.try"), t("set.tryHint"), button("btn small", null, t("set.tryIt"), tryIt, { "data-choice": "try" })),
  ];
}

async function tryIt() {
  try {
    const { shown } = await post("/api/notifications/try");
    toast(t(shown ? "set.tried" : "set.triedNone"));
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
}
