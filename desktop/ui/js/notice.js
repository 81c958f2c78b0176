// What has happened to what is kept on this PC, until the person has read it.

import { remove } from "./api.js";
import { button, by, h, icon } from "./dom.js";
import { t } from "./messages.js";
import { on, update } from "./state.js";
import { toast } from "./toast.js";

export function showNotice() {
  on("notice", (says) => {
    const read = button("btn small", null, t("close"), async () => {
      try {
        await remove("/api/notice");
        update({ notice: "" });
      } catch (error) {
        toast(t("failed", { why: error.message }));
      }
    });
    by("notice-place").replaceChildren(...(says ? [h("div", { class: "banner" }, icon("warn"), h("span", { class: "grow" }, says), read)] : []));
  });
}
