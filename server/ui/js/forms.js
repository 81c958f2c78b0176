// The fields of a form, each with its label, its hint and its fault beside it. What they mean stays with pages.

import { announce, button, h, icon } from "./dom.js";
import { sentence } from "./api.js";

let count = 0;

/** One entry: ``value()`` reads it, ``fault(text)`` shows what is wrong with it. */
function entry(label, hint, control, input, value, { optional = false } = {}) {
  const id = (input.id ||= `f${(count += 1)}`);
  const problem = h("p", { class: "problem", id: `${id}-problem`, hidden: true });
  const said = hint ? h("p", { class: "hint", id: `${id}-hint` }, hint) : null;
  input.setAttribute("aria-describedby", [said?.id, problem.id].filter(Boolean).join(" "));
  const element = h("div", { class: "entry" },
    h("label", { for: id }, label, optional ? h("span", { class: "quiet" }, " optional") : null), control, said, problem);
  const fault = (text) => {
    problem.replaceChildren(text ? icon("warn") : "", h("span", null, text));
    problem.hidden = !text;
    if (text) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => fault(""));
  return { element, input, value, fault };
}

export function textField(label, { value = "", hint = "", secret = false, optional = false, placeholder = "", type = secret ? "password" : "text", max = 500, mono = false, readonly = false } = {}) {
  const input = h("input", { type, value, placeholder, maxlength: max, autocomplete: secret ? "new-password" : "off", autocapitalize: "off", spellcheck: "false", class: mono ? "mono" : null, readonly });
  return entry(label, hint, h("div", { class: "field" }, input, secret ? icon("lock") : null), input, () => (secret ? input.value : input.value.trim()), { optional });
}

export function numberField(label, { value = "", hint = "", whole = true, optional = false, placeholder = "" } = {}) {
  const input = h("input", { type: "text", inputmode: whole ? "numeric" : "decimal", value: String(value ?? ""), placeholder, autocomplete: "off" });
  const field = entry(label, hint, h("div", { class: "field" }, input), input, () => {
    const text = input.value.trim();
    if (text === "") return null;
    const number = Number(text);
    if (!Number.isFinite(number) || (whole && !Number.isInteger(number))) throw new Fault(field, whole ? "This is a whole number." : "This is a number.");
    return number;
  }, { optional });
  return field;
}

export function areaField(label, { value = "", hint = "", rows = 3, optional = false, mono = false, placeholder = "", max = 20000 } = {}) {
  const input = h("textarea", { rows, maxlength: max, placeholder, spellcheck: "false", class: mono ? "mono" : null, value });
  return entry(label, hint, h("div", { class: "field area" }, input), input, () => input.value.trim(), { optional });
}

/** ``options``: names, or [value, what it reads]. */
export function choiceField(label, options, { value, hint = "", onchange } = {}) {
  const input = h("select", { onchange }, options.map((option) => {
    const [name, text] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: name, selected: name === value }, text);
  }));
  return entry(label, hint, h("div", { class: "field select" }, input, icon("down")), input, () => input.value);
}

/** Boxes to tick: options of [value, label, hint]; ``grouped`` gives each group a heading. ``fixed`` cannot be changed. */
export function boxes(legend, options, { chosen = [], fixed = new Map() } = {}) {
  const inputs = new Map();
  const line = ([value, label, hint]) => {
    const input = h("input", { type: "checkbox", value, disabled: fixed.has(value) });
    input.checked = chosen.includes(value);
    inputs.set(value, input);
    return h("label", { class: "box" }, input, h("span", null, h("span", { class: "name" }, label), fixed.get(value) ?? hint ? h("span", { class: "quiet small" }, " ", fixed.get(value) ?? hint) : null));
  };
  const problem = h("p", { class: "problem", hidden: true });
  const element = h("fieldset", { class: "boxes" }, h("legend", null, legend), options.length ? options.map(line) : h("p", { class: "hint" }, "There are none."), problem);
  const fault = (text) => {
    problem.replaceChildren(icon("warn"), h("span", null, text));
    problem.hidden = !text;
  };
  element.addEventListener("input", () => fault(""));
  return { element, inputs, input: [...inputs.values()][0] ?? element, value: () => [...inputs].filter(([, input]) => input.checked).map(([value]) => value), fault };
}

export function switchField(label, { on = false, hint = "", onchange } = {}) {
  const control = h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(on), "aria-label": label, onclick: () => {
    control.setAttribute("aria-checked", String(control.getAttribute("aria-checked") !== "true"));
    control.dispatchEvent(new Event("input", { bubbles: true }));
    onchange?.();
  } });
  const element = h("div", { class: "form-row" }, h("div", null, h("p", { class: "label" }, label), hint ? h("p", { class: "hint" }, hint) : null), h("div", { class: "ctl" }, control));
  return { element, input: control, value: () => control.getAttribute("aria-checked") === "true", fault() {} };
}

/** What is wrong with one field, thrown by its reader. */
export class Fault extends Error {
  constructor(field, text) {
    super(text);
    this.field = field;
  }
}

/**
 * A form around fields. ``send`` saves and may throw; ``blame(error)`` may name the field that a failure is about.
 * ``dirty()``: something was typed since.
 */
export function form(fields, { act, send, blame, cancel, more = [] }) {
  const place = h("div", { class: "faults", role: "alert" });
  const submit = h("button", { type: "submit", class: "btn primary" }, h("span", { class: "word" }, act));
  const element = h("form", { class: "stack form", novalidate: true }, fields, place);
  let typed = false;
  let busy = false;
  element.addEventListener("input", () => (typed = true));
  element.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (busy) return;
    busy = true;
    submit.disabled = true;
    place.replaceChildren();
    try {
      await send();
      typed = false;
    } catch (error) {
      show(error);
    } finally {
      busy = false;
      submit.disabled = false;
    }
  });

  function show(error) {
    const field = error instanceof Fault ? error.field : blame?.(error);
    const text = error instanceof Fault ? error.message : sentence(error);
    announce(text, { now: true });
    if (field) {
      field.fault(text);
      field.element?.closest("details")?.setAttribute("open", "");
      field.input.focus();
      return;
    }
    place.replaceChildren(h("div", { class: "note bad" }, icon("warn"), h("div", { class: "grow" }, text)));
    place.scrollIntoView({ block: "nearest" });
  }

  element.id = `form${(count += 1)}`;
  submit.setAttribute("form", element.id);
  const foot = [submit, cancel ? button("btn", null, "Cancel", cancel) : null, more].flat().filter(Boolean);
  return { element, foot, submit, dirty: () => typed && !busy, show, clean: () => (typed = false) };
}

export function required(field, text = "This is needed.") {
  const value = field.value();
  if (!value || !value.length) throw new Fault(field, text);
  return value;
}
