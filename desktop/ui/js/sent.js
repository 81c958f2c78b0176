// The place "What left this PC": sums, each question with what was sent for it, and the very text of each.

import { get } from "./api.js";
import { copyText } from "./clipboard.js";
import { add, button, h, icon } from "./dom.js";
import { bytes, clockOrDay, moment, number } from "./format.js";
import { t } from "./messages.js";
import { sentAddress, sentData } from "./sent_words.js";
import { state } from "./state.js";
import { query } from "./wire.js";

const PAGE = 30;

export class SentPlace {
  constructor() {
    this.title = "sent.title";
    this.scope = h("div");
    this.total = h("div");
    this.list = h("div", { class: "sent-list" });
    this.foot = h("div", { class: "acts" });
    this.element = h("div", { class: "scroll", tabindex: "-1" }, h("div", { class: "page sent" },
      h("div", { class: "page-h" }, h("p", { class: "quiet grow" }, t("sent.lead")), this.scope),
      this.total, this.list, this.foot));
  }

  show(conversation) {
    this.of = conversation ?? "";
    if (this.of) this.last = this.of;
    this.shown = 0;
    this.scope.replaceChildren(...this.scopes());
    this.total.replaceChildren();
    this.foot.replaceChildren();
    this.list.replaceChildren(h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("sent.loading")));
    this.read();
  }

  scopes() {
    if (!this.last) return [];
    const link = (to, words) => h("a", { href: sentAddress(to), "aria-current": this.of === to ? "true" : null }, words);
    return [h("nav", { class: "seg", "aria-label": t("sent.scope") }, link(this.last, t("sent.conversation")), link("", t("sent.everything")))];
  }

  async read() {
    const mine = (this.asked = (this.asked ?? 0) + 1);
    try {
      const page = await get(`/api/sent?${query({ conversation_id: this.of, limit: PAGE, offset: this.shown })}`);
      if (mine === this.asked) this.draw(page);
    } catch (error) {
      if (mine !== this.asked) return;
      this.list.replaceChildren(h("p", { class: "bad" }, t("sent.failed", { why: error.message })), h("div", { class: "acts" }, button("btn small primary", "again", t("retry"), () => this.read())));
    }
  }

  draw({ total, turns, more }) {
    this.total.replaceChildren(totals(total));
    if (!this.shown) this.list.replaceChildren();
    this.shown += turns.length;
    add(this.list, turns.map(asked));
    if (!this.shown) this.list.replaceChildren(h("p", { class: "quiet" }, t(this.of ? "sent.empty" : "sent.emptyAll")));
    this.foot.replaceChildren(...(more ? [button("btn small", "down", t("sent.more"), () => this.read())] : []));
  }
}

function totals(total) {
  const fact = (label, value) => h("div", null, h("dt", null, label), h("dd", { class: "num" }, value));
  const keeps = state.settings.never_send_cells;
  const says = state.model.kind === "analyst" ? "sent.noModel" : keeps ? "sent.keepsCells" : "sent.sendsCells";
  return h("section", { class: "sent-total" },
    h("dl", null, fact(t("sent.model"), bytes(total.bytes)), fact(t("sent.columns"), number(total.columns)), fact(t("sent.rows"), number(total.rows)), fact(t("sent.backend"), bytes(total.backend_bytes))),
    h("p", { class: "quiet small" }, t("sent.rowsHint")),
    h("p", { class: keeps ? "row ok-line" : "row" }, icon(keeps ? "lock" : "shield"), h("span", null, t(says), " ", h("a", { href: "#/settings/privacy" }, t("sent.change")))));
}

/** One question, closed; what was sent for it is drawn when it is opened. */
function asked(turn) {
  const { total } = turn;
  const inside = h("div", { class: "sent-bodies" });
  const name = turn.turn_id ? turn.question : t("sent.beside");
  const sizes = [total.bytes ? `${t("sent.model")}: ${sentData(total)}, ${bytes(total.bytes)}` : null, total.backend_bytes ? `${t("sent.backend")}: ${bytes(total.backend_bytes)}` : null].filter(Boolean);
  const details = h("details", { class: "sent-turn" },
    h("summary", null, icon("right"), h("span", { class: "grow" }, h("span", { class: "what" }, name), turn.turn_id ? null : h("span", { class: "quiet" }, ` · ${t("sent.besideHint")}`),
      h("span", { class: "quiet small num" }, sizes.join(" · "))), h("span", { class: "quiet small nowrap", title: moment(turn.asked_at) }, clockOrDay(turn.asked_at))), inside);
  details.addEventListener("toggle", () => {
    if (details.open && !inside.childElementCount) add(inside, turn.bodies.map(body));
  });
  return details;
}

function body(sent) {
  const toModel = sent.destination === "model";
  const place = h("div", { class: "sent-text", hidden: true });
  const press = button("btn small", "eye", t("sent.show"), () => open(sent, press, place), { "aria-expanded": "false" });
  return h("div", { class: "sent-body" },
    h("div", { class: "line" }, h("span", { class: "tag" }, t(toModel ? "sent.model" : "sent.backend")),
      h("span", { class: "grow what" }, sent.what || t("sent.before")),
      toModel && (sent.columns || sent.rows) ? h("span", { class: "small" }, sentData(sent)) : null,
      h("span", { class: "num small" }, bytes(sent.bytes)),
      h("span", { class: "quiet small nowrap", title: moment(sent.sent_at) }, clockOrDay(sent.sent_at)),
      sent.kept ? press : h("span", { class: "quiet small" }, t("sent.gone"))),
    place);
}

async function open(sent, press, place) {
  const show = place.hidden;
  place.hidden = !show;
  press.setAttribute("aria-expanded", String(show));
  press.lastChild.textContent = t(show ? "sent.hide" : "sent.show");
  if (!show || place.childElementCount) return;
  try {
    const { text, left_out: leftOut } = await get(`/api/sent/${sent.id}`);
    const pre = h("pre", { class: "sql", tabindex: "0", role: "region", "aria-label": sent.what }, text);
    const forms = h("div", { class: "seg", role: "group", "aria-label": t("sent.form") }, ["raw", "readable"].map((form, at) =>
      h("button", { type: "button", "aria-pressed": String(!at), onclick: (event) => {
        pre.textContent = form === "raw" ? text : readable(text);
        for (const other of forms.children) other.setAttribute("aria-pressed", String(other === event.currentTarget));
      } }, t(`sent.${form}`))));
    place.replaceChildren(h("div", { class: "row" }, forms, button("ghost", "copy", t("copy"), () => copyText(text))), pre,
      ...(leftOut ? [h("p", { class: "quiet small" }, t("sent.leftOut", { bytes: bytes(leftOut) }))] : []));
  } catch (error) {
    place.replaceChildren(h("p", { class: "bad" }, t("sent.failed", { why: error.message })));
  }
}

/** JSON on several lines, and the lines inside its texts as lines. A text that is none stays as it is. */
function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2).replaceAll("\\n", "\n").replaceAll('\\"', '"');
  } catch {
    return text;
  }
}
