// What has left this PC, in a line: at the foot of the window, and below each answer.

import { h, icon } from "./dom.js";
import { bytes, number } from "./format.js";
import { t } from "./messages.js";
import { state } from "./state.js";

const counted = ({ columns, rows, bytes: model, backend_bytes: backend = 0 }) =>
  ({ columns: number(columns), rows: number(rows), bytes: bytes(model), backend: bytes(backend) });

export const sentAddress = (conversation) => (conversation ? `#/sent/${encodeURIComponent(conversation)}` : "#/sent");

/** "2 columns, 20 rows", or that cell values stay. */
export function sentData({ columns, rows }) {
  if (!rows && state.settings.never_send_cells) return t("sent.kept");
  return t("sent.what", { columns: number(columns), rows: number(rows) });
}

export function sentLine(sent, conversation) {
  const attributes = { class: "end sent-line", href: sentAddress(conversation) };
  const sign = icon(state.settings.never_send_cells ? "lock" : "shield");
  if (!sent && !conversation && !/^(#\/)?$/.test(location.hash)) return h("a", { ...attributes, title: t("sent.all") }, sign, t("sent.title")); // in no conversation
  const parts = !sent || !(sent.bytes || sent.backend_bytes || sent.columns || sent.rows) ? [h("b", null, t("sent.nothing"))]
    : !sent.bytes && !sent.rows && !sent.columns ? [h("b", null, t("sent.none"))]
      : [h("b", null, sentData(sent)), sent.bytes ? h("span", { class: "opt num" }, ` · ${bytes(sent.bytes)}`) : null];
  return h("a", { ...attributes, title: sent ? t("sent.why", counted(sent)) : t("sent.all") }, sign,
    h("span", null, h("span", { class: "opt" }, `${t("sent.label")} `), parts));
}

/** Below an answer: its own share, which opens. */
export const sentOfAnswer = (sent, conversation) =>
  h("a", { class: "ghost sent-of", href: sentAddress(conversation), title: t("sent.ofAnswer", counted(sent)), "aria-label": t("sent.ofAnswer", counted(sent)) },
    icon("shield"), h("span", { class: "num small" }, bytes(sent.bytes)));
