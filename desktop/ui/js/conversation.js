// One conversation on screen: its turns, the stream of the one being answered, and where one had scrolled to.

import { follow, get, post, watch } from "./api.js";
import { h, icon } from "./dom.js";
import { show } from "./events.js";
import { t } from "./messages.js";
import { backendSettled, settled, state, update } from "./state.js";
import { toast } from "./toast.js";
import { Turn } from "./turn.js";

const NEAR_END = 48;
const QUESTION_GAP = 16;
const STOP_WAIT = 10000;

export class Conversation {
  /** ``app`` shows things beside it: inspect, act, focusComposer, named, changed. */
  constructor(app, id = null) {
    Object.assign(this, { app, id, title: t("new"), connection: null, draft: "", turns: [], running: null, top: null, meter: null, replaying: false });
    this.thread = h("div", { class: "thread", role: "log", "aria-live": "off", "aria-label": t("app.name") });
    this.scroller = h("div", { class: "scroll", tabindex: "-1" }, this.thread);
    this.toEnd = h("button", { type: "button", class: "to-end", "aria-label": t("ask.toEnd"), title: t("ask.toEnd"), hidden: true, onclick: () => this.scrollToEnd() }, icon("down"));
    this.follows = "question";
    this.scroller.addEventListener("scroll", () => this.noteScroll(), { passive: true });
    new ResizeObserver(() => this.grew()).observe(this.thread);
  }

  /** Draw what is stored. Throws ApiError when there is no such conversation. */
  async load() {
    this.thread.replaceChildren(h("div", { class: "skeleton", "aria-hidden": "true" }, [1, 2, 3, 4].map(() => h("i"))));
    const stored = await get(`/api/conversations/${encodeURIComponent(this.id)}`);
    this.draw(stored);
    this.loaded = true;
  }

  draw(stored) {
    Object.assign(this, { title: stored.title, connection: stored.connection ?? null, draft: stored.draft ?? "", pinned: stored.pinned });
    this.thread.replaceChildren();
    this.turns = [];
    this.replaying = true;
    let going = null;
    for (const each of stored.turns) {
      const turn = this.addTurn(each);
      if (each.status === "running") going = turn;
      else for (const event of each.events) show(event, turn);
    }
    this.replaying = false;
    if (going) this.watch(going);
  }

  /** An answer that is being made without us, since the window was opened anew: join it. */
  watch(turn) {
    this.follow(turn, (onEvent, signal) => watch(`/api/turns/${encodeURIComponent(turn.id)}/events`, onEvent, signal));
  }

  addTurn(about) {
    this.turns.at(-1)?.past();
    const turn = new Turn(this, about);
    this.turns.push(turn);
    this.thread.append(turn.element);
    return turn;
  }

  ask(question, replaced = null) {
    const body = { conversation_id: this.id, question, connection: this.connection ?? state.connection };
    return this.run({ question, path: "/api/ask", body, replaced });
  }

  again(turn) {
    const { edited } = turn;
    return edited ? this.rerun(edited.result, edited.sql) : this.ask(turn.question, turn);
  }

  /** A card must not claim in its title what other SQL no longer shows. */
  rerun(result, sql) {
    const head = t("turn.edited", { title: "" });
    const title = sql === result.sql || result.title.startsWith(head) ? result.title : head + result.title;
    const path = `/api/results/${encodeURIComponent(result.result_id)}/rerun`;
    return this.run({ question: title, path, body: { sql, title }, edited: { result, sql } });
  }

  async run({ question, path, body, replaced = null, edited = null }) {
    if (this.running && replaced) await this.stopped();
    if (this.isBusy()) return;
    if (replaced) {
      if (replaced.id) body.replaces_turn_id = replaced.id;
      for (const gone of this.turns.splice(this.turns.indexOf(replaced))) gone.element.remove();
    }
    await this.follow(this.addTurn({ question, edited }), (onEvent, signal) => follow(path, body, onEvent, signal));
  }

  /** True, and said, while an answer is being written. */
  isBusy() {
    if (this.running) toast(t("turn.busy"));
    return Boolean(this.running);
  }

  /** Show a turn while its events come in, to its end whatever happens. */
  async follow(turn, open) {
    const { signal } = (this.running = { turn, abort: new AbortController() }).abort;
    this.markRunning();
    turn.begin(settled() ? t("turn.working") : t("turn.waiting"));
    this.scrollToQuestion();
    try {
      await backendSettled(signal);
      signal.throwIfAborted();
      this.running.sent = true;
      await open((event) => show(event, turn), signal);
      if (turn.live) this.cutOff(turn, t("turn.lost"), t("turn.lostMeaning"));
    } catch (error) {
      if (error.name === "AbortError") turn.finished({ status: "stopped", elapsed_ms: 0 });
      else if (turn.live) this.cutOff(turn, turn.id ? t("turn.lost") : error.message, turn.id ? t("turn.lostMeaning") : (error.details ?? ""));
    } finally {
      this.over(turn);
    }
  }

  /** A turn that waited is asked again: live where there is no answer yet; a kept one stands until the end. */
  resume({ turn_id: id, kept_at: keptAt }) {
    const old = this.turns.find((turn) => turn.id === id);
    if (!old || this.running) return;
    if (keptAt) old.waiting.asking();
    else this.watch(this.swap(old, new Turn(this, { question: old.question, turn_id: id, asked_at: old.askedAt, edited: old.edited })));
  }

  /** A turn as it is stored now, in the place of what is drawn. */
  async redraw(id) {
    const { turns } = await get(`/api/conversations/${encodeURIComponent(this.id)}`);
    const each = turns.find(({ turn_id: turnId }) => turnId === id);
    const old = this.turns.find((turn) => turn.id === id);
    if (!each || !old || old.live) return;
    const fresh = this.swap(old, new Turn(this, each));
    this.replaying = true;
    for (const event of each.events) show(event, fresh);
    this.replaying = false;
    if (fresh !== this.lastTurn) fresh.past();
  }

  swap(old, fresh) {
    this.turns[this.turns.indexOf(old)] = fresh;
    old.element.replaceWith(fresh.element);
    return fresh;
  }

  cutOff(turn, error, meaning) {
    turn.failed({ error, meaning, action: "retry" });
    turn.finished({ status: "failed", elapsed_ms: performance.now() - turn.steps.began });
  }

  /** Stop at the agent, so that it stops in the database; before the question has left, just here. */
  async stop() {
    const { turn, abort, sent } = this.running ?? {};
    if (!turn) return;
    turn.steps.label(t("turn.stopping"));
    if (!sent) return abort.abort();
    try {
      for (let tries = 0; !turn.id && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
      if (turn.live) await post(`/api/turns/${encodeURIComponent(turn.id)}/stop`, {}, STOP_WAIT / 1000);
    } catch (error) {
      toast(t("failed", { why: error.message }));
      return abort.abort();
    }
    setTimeout(() => this.running?.turn === turn && abort.abort(), STOP_WAIT);
    return undefined;
  }

  async stopped() {
    await this.stop();
    for (const end = Date.now() + STOP_WAIT; this.running && Date.now() < end; ) await new Promise((resolve) => setTimeout(resolve, 50));
  }

  started(turn, event) {
    if (this.replaying) return;
    const isNew = !this.id;
    this.id = event.conversation_id;
    if (event.title) this.title = event.title;
    if (isNew) this.app.named(this);
    this.markRunning();
    this.app.changed(this);
  }

  /** The turn has ended, though its stream may still be closing: the next may be asked. */
  over(turn) {
    if (this.running?.turn !== turn) return;
    this.running = null;
    this.markRunning();
  }

  finished(turn) {
    this.over(turn);
    if (!this.replaying) this.app.changed(this, turn);
  }

  metered(sent) {
    this.meter = sent;
    if (!this.replaying) this.app.changed(this);
  }

  markRunning() {
    if (this.id) {
      const running = new Set(state.running);
      if (this.running) running.add(this.id);
      else running.delete(this.id);
      update({ running });
    }
    this.app.changed(this);
  }

  inspect(turn, card, tab) {
    this.app.inspect(turn, card, tab);
  }

  lit(card, row, column) {
    this.app.lit(card, row, column);
  }

  act(action) {
    this.app.act(action);
  }

  /** Something waits for a yes in here, and another place is being looked at. */
  waits(title) {
    if (!this.scroller.isConnected) toast(t("yes.elsewhere", { title }), { label: t("yes.show"), act: () => this.app.back(this.id) });
  }

  focus() {
    this.app.focusComposer();
  }

  /**
   * Content has grown. Whoever was at the end stays there; whoever has just asked sees the answer
   * grow until the question stands at the top; whoever has scrolled away is left alone.
   */
  grew() {
    if (this.replaying || !this.scroller.isConnected) return;
    if (this.follows === "end") this.moveTo(this.scroller.scrollHeight);
    else if (this.follows === "question") this.moveTo(this.questionTop());
    this.noteEnd();
  }

  questionTop() {
    const last = this.lastTurn?.element;
    return last ? last.offsetTop - QUESTION_GAP : this.scroller.scrollHeight;
  }

  moveTo(top) {
    this.scroller.scrollTop = top;
    this.moved = this.top = this.scroller.scrollTop;
  }

  noteScroll() {
    const top = this.scroller.scrollTop;
    if (Math.abs(top - (this.moved ?? -1)) > 1) this.follows = this.distance() < NEAR_END ? "end" : "";
    this.top = top;
    this.noteEnd();
  }

  distance() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  noteEnd() {
    this.toEnd.hidden = this.distance() < NEAR_END;
  }

  scrollToEnd() {
    this.follows = "end";
    this.grew();
  }

  scrollToQuestion() {
    this.follows = "question";
    this.grew();
  }

  /** After it was put on the page: where it was left, or at its last question. */
  settle() {
    if (this.top === null || this.follows) this.scrollToQuestion();
    else this.scroller.scrollTop = this.top;
  }

  get lastTurn() {
    return this.turns.at(-1) ?? null;
  }
}
