// A turn whose backend is away: that it waits, how old what stands there is, and later what has changed.

import { post } from "./api.js";
import { button, h, icon } from "./dom.js";
import { clockOrDay, number } from "./format.js";
import { t } from "./messages.js";
import { on, state, update } from "./state.js";
import { toast } from "./toast.js";

export class Waiting {
  /** ``turn``: id, cards, host.redraw(id). ``head`` stands before the answer, ``element`` behind it. */
  constructor(turn) {
    this.turn = turn;
    this.head = h("p", { class: "age-line", hidden: true });
    this.element = h("div", { class: "stack", hidden: true });
    this.changes = [];
  }

  queued({ kept_at: keptAt }) {
    this.waits = { keptAt };
    this.draw();
  }

  /** What stands there is asked again just now. */
  asking() {
    this.isAsked = true;
    this.draw();
  }

  changed(event) {
    this.changes.push(event);
    this.turn.cards.find(({ result }) => result.result_id === event.result_id)?.compare(event);
  }

  /** The turn is drawn to its end: what it holds decides what is said of its age. */
  settle() {
    const kept = this.turn.cards.map(({ result }) => result.cached_at).filter(Boolean).sort()[0] ?? null;
    this.keptAt = kept;
    this.draw();
    if (kept && !this.listening) {
      this.listening = on("backend", () => (this.element.isConnected ? this.draw() : undefined));
    }
  }

  draw() {
    const { keptAt } = this;
    this.head.hidden = !keptAt;
    if (keptAt) {
      const when = clockOrDay(keptAt);
      this.head.replaceChildren(h("span", { class: "tag warn", title: t("wait.keptWhy", { when }) }, icon("clock"), t("wait.kept", { when })));
    }
    const shown = this.isAsked ? this.askingLine() : this.waits && !this.waits.keptAt ? this.notice() : keptAt ? this.keptLine(keptAt) : null;
    this.element.hidden = !shown;
    this.element.replaceChildren(...(shown ? [shown] : []));
  }

  notice() {
    return h("section", { class: "notice waits read", role: "group", "aria-label": t("wait.title") }, icon("clock"),
      h("div", { class: "grow" }, h("h2", null, t("wait.title")), h("p", { class: "quiet" }, t("wait.why")),
        h("div", { class: "acts" }, this.press("wait.cancel", "x", "stop"))));
  }

  keptLine(keptAt) {
    const away = state.backend.state === "offline";
    return h("p", { class: "age-acts" }, this.waits
      ? [h("span", { class: "words" }, t("wait.again")), this.press("wait.leave", null, "stop")]
      : [h("span", { class: "words" }, t("wait.stale", { when: clockOrDay(keptAt) })), this.press(away ? "wait.askLater" : "wait.ask", "again", "again")]);
  }

  askingLine() {
    return h("p", { class: "age-acts", role: "status" }, h("span", { class: "spin" }), h("span", null, t("wait.asking")), this.press("wait.stop", "stop", "stop"));
  }

  press(words, sign, what) {
    const press = button("btn small", sign, t(words), async () => {
      press.disabled = true;
      try {
        await post(`/api/turns/${encodeURIComponent(this.turn.id)}/${what}`);
        if (!this.isAsked) await this.turn.host.redraw(this.turn.id);
      } catch (error) {
        toast(t("failed", { why: error.message }));
      }
      press.disabled = false;
    });
    return press;
  }

  /** Figures in the text whose cell holds another number than before. */
  markFigures(text) {
    for (const { result_id: id, cells } of this.changes) {
      for (const { row, column } of cells ?? []) {
        for (const figure of text.querySelectorAll(`.fig[data-result="${CSS.escape(id)}"][data-row="${row}"][data-column="${column}"]`)) figure.classList.add("changed");
      }
    }
  }
}

/** The queue has changed; ``phase`` tells of a question that waited and is asked again. */
export async function queueChanged(news, app) {
  update({ queue: news });
  const conversation = app.kept.get(news.conversation_id);
  if (news.phase === "began") conversation?.resume(news);
  if (news.phase !== "ended") return;
  await conversation?.redraw(news.turn_id).catch(() => app.kept.delete(news.conversation_id));
  tellEnded(news, app);
}

/** What came of a question that waited, in a word at the foot of the window. */
function tellEnded(news, app) {
  if (news.status === "queued" || news.status === "stopped") return;
  const title = news.question.length > 60 ? `${news.question.slice(0, 58)}…` : news.question;
  const key = news.status !== "answered" && news.status !== "needs_clarification" ? "Failed" : !news.kept_at ? "New" : !news.changes ? "Same" : "";
  const words = t(`changed.toast${key}`, { title, changes: news.changes });
  if (state.current === news.conversation_id) toast(words);
  else toast(words, { label: t("changed.show"), act: () => app.go(`#/c/${encodeURIComponent(news.conversation_id)}`) });
}

export const waitingWords = (count) => t("wait.count", { count: number(count) });
