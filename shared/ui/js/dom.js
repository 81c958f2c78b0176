// Making elements, and the one place where HTML text becomes elements. Knows nothing of the app.

/** h("button", {class: "btn", onclick: f, "aria-label": "Send"}, "Send") */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "disabled" || name === "hidden") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  add(element, children);
  return element;
}

export function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for a drawing: svg("rect", {x: 0, width: 7}) */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

export const icon = (name) => svg("svg", { class: "icon", "aria-hidden": "true" }, svg("use", { href: `#i-${name}` }));

/** A quiet button of an icon, named for those who cannot see it, and on hover for those who can. */
export function iconButton(name, label, onclick, attributes) {
  return h("button", { type: "button", class: "ghost only", "aria-label": label, title: label, onclick, ...attributes }, icon(name));
}

export function button(kind, name, label, onclick, attributes) {
  const sign = name ? icon(name) : null;
  return h("button", { type: "button", class: kind, onclick, ...attributes }, sign, h("span", { class: "word" }, label));
}

const ALLOWED = new Set(
  ("A ABBR B BLOCKQUOTE BR CODE DEL EM H1 H2 H3 H4 H5 H6 HR I LI OL P PRE S SPAN STRONG SUB SUP TABLE TBODY TD TFOOT TH THEAD TR U UL")
    .split(" "),
);
const KEPT = new Set(["class", "data-result", "data-row", "data-column", "href", "colspan", "rowspan", "lang", "start", "title"]);
const CLASSES = new Set(["fig", "fig-none"]);

/**
 * Put the server's HTML into an element. The server has sanitised it; what slips through there is
 * taken out here again, in a document that loads and runs nothing, before it meets the page.
 */
export function setHtml(element, html) {
  const inert = new DOMParser().parseFromString(html, "text/html");
  clean(inert.body);
  element.replaceChildren(...Array.from(inert.body.childNodes, (node) => document.importNode(node, true)));
}

function clean(root) {
  for (const node of Array.from(root.querySelectorAll("*"))) {
    if (!ALLOWED.has(node.tagName)) {
      node.remove();
      continue;
    }
    for (const { name } of Array.from(node.attributes)) if (!KEPT.has(name)) node.removeAttribute(name);
    if (node.hasAttribute("class") && !CLASSES.has(node.className)) node.removeAttribute("class");
    if (node.tagName === "A") cleanLink(node);
  }
}

function cleanLink(link) {
  if (link.className === "fig") {
    link.removeAttribute("href");
    link.setAttribute("role", "button");
    link.setAttribute("tabindex", "0");
    return;
  }
  if (!/^https?:\/\//i.test(link.getAttribute("href") ?? "")) {
    link.removeAttribute("href");
    return;
  }
  link.setAttribute("target", "_blank");
  link.setAttribute("rel", "noopener noreferrer");
  link.title = link.href;
  link.dataset.host = link.host; // shown beside the words, which may say otherwise
}

export const by = (id) => document.getElementById(id);

/** Read aloud by screen readers, seen by nobody. */
export function announce(text, { now = false } = {}) {
  const place = by(now ? "say-now" : "say-polite");
  place.textContent = "";
  requestAnimationFrame(() => {
    place.textContent = text;
  });
}

/** Run once after things have been quiet for a while. */
export function later(milliseconds, act) {
  let timer = 0;
  const run = (...what) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...what), milliseconds);
  };
  run.cancel = () => clearTimeout(timer);
  return run;
}

/** The text with every occurrence of the words marked. */
export function marked(text, query) {
  const words = query.trim().split(/\s+/).filter(Boolean).map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!words.length) return [text];
  const parts = text.split(new RegExp(`(${words.join("|")})`, "gi"));
  return parts.map((part, at) => (at % 2 ? h("mark", null, part) : part));
}
