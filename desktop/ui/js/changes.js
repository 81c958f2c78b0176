// What has changed in a result since it was kept: a line above it, old beside new in its cells, rows that are gone.

import { h, icon } from "./dom.js";
import { cell, clockOrDay, number } from "./format.js";
import { t } from "./messages.js";

const SHOWN_GONE = 20;

/** Which cells and rows of the table are marked. */
export function marksOf(event) {
  return {
    before: new Map((event.cells ?? []).map(({ row, column, before }) => [`${row},${column}`, before])),
    added: new Set(event.added ?? []),
  };
}

/** The line that stands above the table. */
export function summary(event) {
  const when = clockOrDay(event.kept_at);
  if (!event.comparable) return h("p", { class: "changes" }, icon("again"), t("changed.other", { when }));
  const counts = [["cell", event.cell_count], ["added", event.added_count], ["removed", event.removed_count]];
  const what = counts.filter(([, count]) => count).map(([name, count]) => words(name, count)).join(", ");
  const line = h("p", { class: what ? "changes" : "changes none" }, icon(what ? "again" : "check"), what ? t("changed.some", { when, what }) : t("changed.same", { when }));
  return line;
}

const words = (name, count) => t(`changed.${name}`, { count: number(count) });

/** Rows that were there and are not any more. */
export function gone(event, result) {
  if (!event.removed_count) return null;
  const rows = event.removed.slice(0, SHOWN_GONE);
  const more = event.removed_count - rows.length;
  return h("details", { class: "gone" }, h("summary", null, `${t("changed.gone")}: ${words("removed", event.removed_count)}`),
    h("ul", null, rows.map((row) => h("li", null, h("del", null, row.map((value, at) => cell(value, result.formats[at])).join(" · "))))),
    more > 0 ? h("p", { class: "quiet small" }, t("changed.more", { count: number(more) })) : null);
}
