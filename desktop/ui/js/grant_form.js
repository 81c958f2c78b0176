// Granting a folder: by the system's own dialog in the window, by its path in a browser; with a warning where one is due.

import { post } from "./api.js";
import { button, h, icon } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";

const EXAMPLE = navigator.userAgent.includes("Windows") ? "C:\\Users\\Asha\\Documents\\Reports" : "/home/asha/Documents/Reports";

export class GrantForm {
  constructor(granted, left) {
    this.granted = granted;
    this.field = h("input", { type: "text", id: "grant-path", autocomplete: "off", spellcheck: "false", "aria-describedby": "grant-hint grant-says" });
    this.says = h("div", { id: "grant-says", role: "alert" });
    this.element = h("form", { class: "grant-form entry", onsubmit: (event) => (event.preventDefault(), this.send(this.field.value)) },
      h("h2", null, t("files.grant")), h("p", { class: "quiet" }, t("files.lead")),
      h("label", { for: "grant-path" }, t("files.pathLabel")), h("div", { class: "field" }, this.field),
      h("p", { class: "hint", id: "grant-hint" }, t("files.pathHint", { example: EXAMPLE })), this.says,
      h("div", { class: "acts" }, h("button", { type: "submit", class: "btn primary" }, t("files.grantIt")), button("btn", null, t("cancel"), left)));
  }

  begin() {
    this.says.replaceChildren();
    this.field.value = "";
    this.field.removeAttribute("aria-invalid");
    this.field.focus();
  }

  /** By the dialog of the window; the warning, if any, comes as a notice to be answered. */
  async choose() {
    try {
      const { path } = await post("/api/grants/choose");
      if (path) await this.send(path);
    } catch (error) {
      toast(error.message);
    }
  }

  async send(path, sure = false) {
    this.says.replaceChildren();
    this.field.removeAttribute("aria-invalid");
    try {
      const { grant, warning, path: real } = await post("/api/grants", { path, sure });
      if (grant) this.granted(grant);
      else this.warn(warning, real);
    } catch (error) {
      this.field.setAttribute("aria-invalid", "true");
      if (this.element.isConnected) this.says.replaceChildren(h("p", { class: "bad" }, error.message));
      else toast(error.message);
    }
  }

  warn(warning, path) {
    const again = () => this.send(path, true);
    if (!this.element.isConnected) return toast(warning, { label: t("files.sure"), act: again });
    this.says.replaceChildren(h("div", { class: "notice" }, icon("warn"), h("div", null, h("p", null, warning), h("div", { class: "acts" }, button("btn", null, t("files.sure"), again)))));
    return undefined;
  }
}
