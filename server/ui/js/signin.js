// Signing in with a key: the one thing that is shown to somebody who has not.

import { send, sentence } from "./api.js";
import { announce, by, h, icon } from "./dom.js";
import { useIdentity, useKey } from "./session.js";
import { decode } from "./wire.js";

/** ``why`` is a sentence about what ended the last session. ``done`` is called when the key is good. */
export function showSignIn(why, done) {
  const door = by("door");
  const key = h("input", { id: "key", type: "password", name: "key", autocomplete: "off", autocapitalize: "off", spellcheck: "false", maxlength: "200", required: true, placeholder: "vmart_…", "aria-describedby": "key-hint key-problem" });
  const problem = h("p", { class: "problem", id: "key-problem", hidden: true });
  const enter = h("button", { type: "submit", class: "btn primary" }, h("span", { class: "word" }, "Sign in"));
  const form = h("form", { novalidate: true, onsubmit: go },
    h("div", { class: "entry" }, h("label", { for: "key" }, "Administrator’s key"), h("div", { class: "field" }, icon("key"), key),
      h("p", { class: "hint", id: "key-hint" }, "It stays in this tab and goes nowhere but to this backend. Make one on its machine with “python -m server generate-key”."), problem),
    enter);

  function refuse(text) {
    problem.replaceChildren(icon("warn"), h("span", null, text));
    problem.hidden = false;
    key.setAttribute("aria-invalid", "true");
    announce(text, { now: true });
    key.focus();
  }

  async function go(event) {
    event.preventDefault();
    const given = key.value.trim();
    if (!given) return refuse("Type or paste a key.");
    if (!/^[\x21-\x7e]+$/.test(given)) return refuse("This is not a key: it has characters that no key has.");
    enter.disabled = true;
    try {
      useIdentity(decode(await (await send("GET", "/api/me", undefined, given)).text()));
      useKey(given);
      done();
    } catch (error) {
      refuse(sentence(error));
    } finally {
      enter.disabled = false;
    }
    return undefined;
  }

  key.addEventListener("input", () => {
    key.removeAttribute("aria-invalid");
    problem.hidden = true;
  });
  const plain = location.protocol === "http:" && !/^(localhost|127\.|\[::1\])/.test(location.host);
  door.replaceChildren(h("main", { class: "door-box" },
    h("div", { class: "brand" }, mark(), h("span", null, "V-Mart backend")),
    h("h1", null, "Administration"),
    why ? h("p", { class: "note", role: "status" }, icon("info"), h("span", null, why)) : null,
    plain ? h("p", { class: "note warn" }, icon("warn"), h("span", null, "This connection is not encrypted: others on the network could read the key. Use https.")) : null,
    form));
  door.hidden = false;
  key.focus();
}

function mark() {
  const svg = document.querySelector("#rail .brand svg").cloneNode(true);
  return svg;
}
