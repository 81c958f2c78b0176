// What would have an effect waits here for the person's yes: the exact effect, and two buttons.
// A text from elsewhere is put in as text only; the agent has made visible what a screen would hide.

import { post } from "./api.js";
import { announce, button, h, icon } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";

const SIGNS = { write: "file", schedule: "clock", send: "leave", open: "eye" };
const ARMED_AFTER = 500; // a key or a click that was meant for something else must not say yes

export class Approvals {
  /** ``turn`` may be asked whether it is live, and grows. */
  constructor(turn) {
    this.turn = turn;
    this.cards = new Map();
    this.element = h("div", { class: "stack", hidden: true });
  }

  asked({ approval_id: id, effect }) {
    const { turn } = this;
    const yes = button("btn small primary", "check", t(`yes.${effect.kind}`), () => this.say(id, "yes"), { disabled: true });
    const no = button("btn small", "x", t("yes.no"), () => this.say(id, "no"));
    const acts = h("div", { class: "acts" }, yes, no, h("span", { class: "quiet small" }, t("yes.nothing")));
    const element = h("section", { class: "notice approval read", role: "group", "aria-label": t("yes.asked", { title: effect.title }) }, icon(SIGNS[effect.kind] ?? "quest"),
      h("div", { class: "grow" }, h("h2", null, effect.title), details(effect.details), preview(effect), acts));
    this.cards.set(id, { element, acts, presses: [yes, no], title: effect.title });
    this.element.hidden = false;
    this.element.append(element);
    if (turn.live) {
      setTimeout(() => (yes.disabled = this.cards.get(id).busy ?? false), ARMED_AFTER);
      turn.steps.label(t("yes.waiting"));
      announce(`${t("yes.asked", { title: effect.title })}. ${effect.details.map(({ name, value }) => `${name}: ${value}`).join(". ")}`, { now: true });
      turn.host.waits(effect.title);
    }
    turn.host.grew();
  }

  async say(id, answer) {
    const card = this.cards.get(id);
    if (card.busy) return;
    this.hold(card, true);
    try {
      await post(`/api/approvals/${encodeURIComponent(id)}`, { answer });
    } catch (error) {
      if (error.status !== 404 && error.status !== 409) this.hold(card, false);
      toast(t("failed", { why: error.message }));
    }
  }

  hold(card, busy) {
    card.busy = busy;
    for (const press of card.presses) press.disabled = busy;
  }

  answered({ approval_id: id, answer }) {
    const card = this.cards.get(id);
    if (!card) return;
    const held = card.acts.contains(document.activeElement);
    card.busy = true;
    card.element.classList.add("over");
    card.acts.replaceChildren(h("p", { class: "said" }, icon(answer === "yes" ? "check" : "x"), t(`yes.said.${answer}`)));
    if (held) this.turn.host.focus();
    if (this.turn.live) {
      announce(`${card.title}. ${t(`yes.said.${answer}`)}`);
      this.turn.steps.label(t("turn.working"));
    }
    this.turn.host.grew();
  }

  /** The turn is over, and with it the time to answer, also when the stream broke before it said so. */
  end() {
    for (const [id, card] of this.cards) if (!card.element.classList.contains("over")) this.answered({ approval_id: id, answer: "lapsed" });
  }
}

const details = (lines) => (lines.length ? h("dl", { class: "facts" }, lines.map(({ name, value }) => [h("dt", null, name), h("dd", null, value)])) : null);

const preview = ({ preview: text, title }) =>
  text ? h("pre", { class: "preview", tabindex: "0", role: "region", "aria-label": t("yes.preview", { title }) }, text) : null;
