// Copying text, also where a page is given no clipboard.

import { h } from "./dom.js";
import { toast } from "./toast.js";

export async function copy(text, done) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Some web views give no clipboard to pages; a selected field still copies.
    const field = h("textarea", { class: "vh", "aria-hidden": "true", tabindex: "-1" });
    const before = document.activeElement;
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    before?.focus?.({ preventScroll: true });
  }
  toast(done);
}
