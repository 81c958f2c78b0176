// Paths of granted files: their address in the window, their sign, what they lie in.

import { h } from "./dom.js";
import { t } from "./messages.js";

const SIGNS = { folder: "folder", csv: "table", workbook: "table" };

export const signOf = (entry) => SIGNS[entry.kind] ?? "file";
export const hrefOf = (path) => `#/files/${encodeURIComponent(path)}`;
export const parentOf = (path) => path.split("/").slice(0, -1).join("/");

/** ``a/b/c`` to ``a``, ``a/b``. */
export function steps(path) {
  const names = path.split("/");
  return names.length < 2 ? names : names.slice(0, -1).map((_, at) => names.slice(0, at + 1).join("/"));
}

/** Where there is no room for the tree: the way back to what a folder or a file lies in. */
export function wayUp(path) {
  const parent = parentOf(path);
  return h("p", { class: "small only-narrow" }, h("a", { href: parent ? hrefOf(parent) : "#/files" }, parent.split("/").at(-1) || t("files.title")));
}
