// The places beside the conversation, by the first word of their address, and what the search can jump to.

import { Connect } from "./connect.js";
import { Data } from "./data.js";
import { Files } from "./files.js";
import { t } from "./messages.js";
import { SentPlace } from "./sent.js";
import { Settings } from "./settings.js";
import { keep } from "./settings_rows.js";
import { Sheets } from "./sheets.js";
import { state } from "./state.js";
import { StatusPage } from "./status_page.js";
import { Tasks } from "./tasks.js";

/** Each is { element, title, show(one, two), leave? }: its title is a message, one and two what follows in the address. */
export const placesOf = (app) => ({
  data: new Data(app),
  files: new Files(app),
  sheets: new Sheets(app),
  tasks: new Tasks(app),
  sent: new SentPlace(),
  settings: new Settings(),
  status: new StatusPage(),
  connect: new Connect(app),
});

export function jumps(app) {
  const themes = ["light", "dark", "system"].filter((theme) => theme !== state.settings.theme);
  return [
    { label: t("new"), icon: "plus", keys: "Ctrl N", act: () => app.go("#/") },
    { label: t("data.title"), icon: "data", act: () => app.go("#/data") },
    { label: t("files.title"), icon: "folder", act: () => app.go("#/files") },
    { label: t("sheets.title"), icon: "table", act: () => app.go("#/sheets") },
    { label: t("tasks.title"), icon: "clock", act: () => app.go("#/tasks") },
    { label: t("sent.title"), icon: "shield", act: () => app.go("#/sent") },
    { label: t("set.title"), icon: "gear", act: () => app.go("#/settings") },
    { label: t("status.title"), icon: "info", act: () => app.go("#/status") },
    ...themes.map((theme) => ({ label: t("find.theme", { theme }), icon: "sun", act: () => keep("theme", theme) })),
  ];
}
