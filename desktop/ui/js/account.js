// Who is signed in, at the foot of the rail. What they can do about it is in settings_account.js.

import { by, h } from "./dom.js";
import { t } from "./messages.js";
import { nameOf } from "./settings_account.js";

/** Where nobody can sign in there is nobody to tell apart. */
export function drawAccount({ person, google }) {
  const place = by("rail-account");
  if (!google?.available && person?.kind !== "google") return;
  const name = nameOf(person);
  place.hidden = false;
  place.title = person?.email || name;
  place.setAttribute("aria-label", t("account.open", { name }));
  place.replaceChildren(h("span", { class: "initials", "aria-hidden": "true" }, initials(name)), h("span", { class: "cut grow" }, name));
}

const initials = (name) => {
  const words = name.split(/[\s@.]+/u).filter(Boolean);
  const [first = "?", last = ""] = words.length > 1 ? [words[0], words.at(-1)] : words;
  return (firstOf(first) + firstOf(last)).toLocaleUpperCase();
};

const firstOf = (word) => [...word][0] ?? "";
