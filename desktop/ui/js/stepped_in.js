// The note above an answer that the built-in analyst gave because the language model was away.

import { announce, button, h, icon } from "./dom.js";
import { t } from "./messages.js";

export function steppedIn(turn, { says, why, model, action }) {
  const press =
    action === "settings"
      ? button("btn small", "gear", t("fail.settings"), () => turn.host.act("settings"))
      : button("btn small", "again", t("stepped.again", { model }), () => turn.host.again(turn));
  turn.text.before(h("section", { class: "notice stepped-in read", role: "group", "aria-label": t("stepped.label") }, icon("info"),
    h("div", { class: "grow" }, h("h2", null, says), h("p", { class: "quiet" }, why), h("div", { class: "acts" }, press))));
  if (turn.live) announce(`${says} ${why}`);
  turn.host.grew();
}
