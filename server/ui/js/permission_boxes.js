// The 23 permissions to tick, in groups with their meanings. What the person does not hold cannot be given.

import { button, h } from "./dom.js";
import { boxes } from "./forms.js";
import { grouped, meaningOf } from "./meanings.js";
import { may } from "./session.js";

export function permissionBoxes(chosen, { changed = () => {} } = {}) {
  const lacking = new Map(grouped().flatMap(([, names]) => names).filter((name) => !may(name)).map((name) => [name, "you do not hold it, and cannot give it"]));
  const groups = grouped().map(([title, names]) => boxes(title, names.map((name) => [name, name, meaningOf(name)]), { chosen, fixed: lacking }));
  const count = h("span", { class: "quiet small" });
  const value = () => groups.flatMap((group) => group.value());
  const say = () => (count.textContent = `${value().length} chosen`);
  const set = (names) => {
    for (const { inputs } of groups) for (const [name, input] of inputs) if (!input.disabled) input.checked = names.includes(name);
    element.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const element = h("div", { class: "permissions" },
    h("div", { class: "row" }, h("h3", { class: "strong grow" }, "Permissions"), count, button("ghost", null, "None", () => set([])), button("ghost", null, "All that I hold", () => set(grouped().flatMap(([, names]) => names)))),
    groups.map((group) => group.element));
  element.addEventListener("input", () => (say(), changed()));
  say();
  return { element, value, input: groups[0].input, fault: groups[0].fault };
}
