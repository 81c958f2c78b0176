// Keys that work anywhere in the window.

import { find } from "./find.js";
import { closeMenu } from "./menu.js";

export function keys(app) {
  addEventListener("keydown", (event) => {
    const control = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const key = event.key.toLowerCase();
    if (control && key === "k") find(app);
    else if ((control || alone(event)) && key === "n") app.go("#/"); // browsers keep Ctrl N for themselves
    else if (control && key === "i") app.toggleInspector();
    else if (event.key === "Escape" && !document.querySelector("dialog[open]")) escape(app);
    else if (/^[1-9]$/.test(event.key) && !event.ctrlKey && !event.altKey && !typing(event.target)) {
      if (!app.choose(Number(event.key))) return;
    } else return;
    event.preventDefault();
  });
}

const alone = (event) => event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
const typing = (element) => /^(INPUT|TEXTAREA|SELECT)$/.test(element.tagName) || element.isContentEditable;

/** The nearest thing that can be closed or stopped. */
function escape(app) {
  closeMenu();
  if (app.closeRail()) return;
  if (app.stop()) return;
  app.inspector.close();
}
