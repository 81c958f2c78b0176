// Settings: what the keyboard does, to read.

import { h } from "./dom.js";
import { t } from "./messages.js";

export const keys = { name: "keys", icon: "code", hears: "", draw };

const KEYS = [
  ["Enter", "key.send"], ["Shift Enter", "key.line"], ["↑", "key.edit"], ["Esc", "key.stop"], ["Ctrl N or Alt N", "key.new"], ["Ctrl K", "key.search"],
  ["Ctrl I", "key.drawer"], ["1 – 9", "key.choose"], ["← ↑ → ↓", "key.grid"],
];

function draw() {
  return [h("dl", { class: "keys" }, KEYS.map(([names, what]) => [h("dt", null, names.split(" ").map(cap)), h("dd", null, t(what))]))];
}

const cap = (key) => (/^(–|or)$/.test(key) ? h("span", { class: "quiet" }, key) : h("kbd", null, key));
