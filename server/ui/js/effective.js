// “Why may they?”: all that a user or a key may do and see, each with what gives it.

import { get } from "./api.js";
import { h, icon } from "./dom.js";
import { policyLines } from "./policy_words.js";
import { failed, note, section, tags, waiting } from "./parts.js";

/** A place that fills itself from ``path``. */
export function effective(path) {
  const place = h("div", { class: "stack" }, waiting("Adding up roles and permissions"));
  const read = async () => {
    try {
      place.replaceChildren(...drawn(await get(path)));
    } catch (error) {
      place.replaceChildren(failed(error, read));
    }
  };
  read();
  return section("Why may they?", place);
}

function drawn({ works, trouble, permissions, everything, data, attributes }) {
  const filled = Object.entries(attributes ?? {});
  return [
    works ? null : note("warn", trouble || "Nothing of this now."),
    permissions.length
      ? h("ul", { class: "why" }, permissions.map(({ permission, meaning, sources }) => h("li", null,
        h("span", null, h("span", { class: "name" }, permission), " ", h("span", { class: "quiet small" }, meaning)),
        tags(sources.map(({ kind, name }) => (kind === "role" ? name : "this key"))))))
      : h("p", { class: "quiet" }, "No permission at all."),
    h("p", { class: "sec-h" }, "Data"),
    everything
      ? h("p", { class: "row" }, icon("eye"), "All data of all connections")
      : data.length ? h("ul", { class: "why" }, data.map(({ role, policies }) => h("li", null, h("div", null, policyLines(policies)), tags([role])))) : h("p", { class: "quiet" }, "No data."),
    filled.length && !everything ? h("p", { class: "quiet small" }, "Row filters are filled with ", filled.map(([name, value]) => `${name}: ${[value].flat().join(", ")}`).join(" · ")) : null,
  ].filter(Boolean);
}
