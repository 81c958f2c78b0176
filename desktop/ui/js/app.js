// Which place is shown, and who speaks to whom: conversations, composer, rail, inspector and the places.

import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { dropped, Drop } from "./drop.js";
import { by, button, iconButton } from "./dom.js";
import { find } from "./find.js";
import { Home } from "./home.js";
import { Inspector } from "./inspector.js";
import { t } from "./messages.js";
import { placesOf } from "./places.js";
import { Rail } from "./rail.js";
import { on, state, update } from "./state.js";
import { look, Status } from "./status.js";
import { toast } from "./toast.js";

const KEPT = 8; // conversations kept drawn, so that going back to one is immediate

export class App {
  constructor({ saveConversation }) {
    this.saveConversation = saveConversation;
    this.view = by("main-view");
    this.kept = new Map();
    this.fresh = null;
    this.conversation = null;
    this.rail = new Rail(this);
    this.drop = new Drop((entry) => dropped(this, entry));
    this.composer = new Composer(this);
    this.home = new Home(this);
    this.inspector = new Inspector();
    this.places = placesOf(this);
    this.status = new Status();
    by("rail-search").addEventListener("click", () => find(this));
    by("menu-btn").addEventListener("click", () => this.openRail());
    by("rail").addEventListener("click", (event) => event.target.closest("a") && this.closeRail());
    by("rail-new").addEventListener("click", (event) => {
      event.preventDefault();
      this.go("#/");
    });
    on("backend", () => this.composer.draw());
    on("connections", (known) => (this.chosen = known.some(({ name }) => name === this.chosen) ? this.chosen : null));
    on("settings", ({ numbers }) => this.restyle(numbers));
    this.inspector.onToggle = () => this.drawActions();
  }

  /** Conversations drawn in the other number style are drawn anew when they are opened. */
  restyle(numbers) {
    if (numbers === this.numbers) return;
    this.numbers = numbers;
    for (const [id, each] of this.kept) if (!each.running && each !== this.conversation) this.kept.delete(id);
  }

  ready() {
    if (!this.conversation && !this.composer.field.value) this.composer.show(null, state.draft ?? "", { followUp: false });
    this.composer.drawPicker();
    if (this.home.element.isConnected) this.home.draw();
  }

  go(hash) {
    if (location.hash === hash || (hash === "#/" && !location.hash)) {
      if (hash === "#/") this.fresh = this.fresh?.running ? null : this.fresh;
      this.route();
    } else location.hash = hash;
  }

  route() {
    const [place = "", one, two] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
    for (const name of Object.keys(this.places)) by(`rail-${name}`)?.removeAttribute("aria-current");
    by(`rail-${place}`)?.setAttribute("aria-current", "page");
    if (Object.hasOwn(this.places, place)) return this.showPlace(this.places[place], one, two);
    if (place === "c" && one) return this.openConversation(one);
    return this.openNew();
  }

  showPlace(place, one, two) {
    this.leave();
    this.placeShown = place;
    this.conversation = null;
    update({ current: null, sent: null });
    this.inspector.close();
    this.view.replaceChildren(place.element);
    this.name(t(place.title));
    this.drawActions();
    place.show(one, two);
  }

  leave() {
    const old = this.conversation;
    if (old) old.draft = this.composer.field.value;
    this.placeShown?.leave?.();
    this.placeShown = null;
  }

  openNew() {
    this.leave();
    this.fresh = null;
    this.conversation = null;
    update({ current: null, sent: null });
    this.inspector.close();
    this.inspector.forget();
    this.view.replaceChildren(this.home.element);
    this.home.composerPlace.replaceChildren(this.composer.element);
    this.composer.show(null, state.draft ?? "", { followUp: false });
    this.composer.setRunning(false);
    this.home.draw();
    this.drawActions();
    this.focusComposer();
  }

  async openConversation(id) {
    if (this.conversation?.id === id && this.conversation.scroller.isConnected) return;
    this.leave();
    let conversation = this.kept.get(id);
    if (conversation) this.kept.delete(id);
    else conversation = new Conversation(this, id);
    this.kept.set(id, conversation);
    for (const [other, each] of this.kept) if (this.kept.size > KEPT && other !== id && !each.running) this.kept.delete(other);
    this.place(conversation);
    if (conversation.loaded || conversation.running) return;
    const known = state.conversations?.find((each) => each.id === id);
    if (known) this.name(known.title);
    try {
      await conversation.load();
      if (this.conversation === conversation) this.place(conversation);
    } catch (error) {
      this.kept.delete(id);
      if (this.conversation !== conversation) return;
      toast(error.message);
      location.replace("#/");
    }
  }

  place(conversation) {
    const changed = this.conversation !== conversation;
    this.conversation = conversation;
    update({ current: conversation.id, sent: conversation.meter });
    if (changed) this.inspector.forget();
    if (!conversation.scroller.isConnected) this.view.replaceChildren(conversation.scroller, this.composer.element);
    for (const old of this.composer.element.querySelectorAll(".to-end")) old.remove();
    this.composer.element.prepend(conversation.toEnd);
    this.composer.show(conversation.id, conversation.draft, { followUp: conversation.turns.length > 0 });
    this.composer.setRunning(Boolean(conversation.running));
    this.name(conversation.title);
    this.drawActions();
    conversation.settle();
    if (!matchMedia("(pointer: coarse)").matches) this.focusComposer();
  }

  name(title) {
    by("title").textContent = title;
    document.title = title === t("new") ? t("app.name") : `${title} · ${t("app.name")}`;
  }

  drawActions() {
    const actions = [];
    if (this.conversation?.id) {
      actions.push(button("ghost opt", "export", t("export"), () => this.saveConversation(this.conversation.id), { title: t("rail.export") }));
      const open = this.inspector.isOpen;
      actions.push(iconButton("panel", t(open ? "drawer.hide" : "drawer.show"), () => this.toggleInspector(), { "aria-expanded": String(open), "aria-controls": "drawer" }));
    }
    by("top-actions").replaceChildren(...actions);
  }

  // -- What conversations ask of the window ------------------------------------------------

  send(text) {
    if (!this.conversation) {
      const fresh = new Conversation(this);
      fresh.loaded = true;
      fresh.connection = this.chosen ?? null;
      update({ draft: "" });
      this.place(fresh);
    }
    this.conversation.ask(text);
    this.composer.followUp = true;
    this.composer.draw();
  }

  named(conversation) {
    this.kept.set(conversation.id, conversation);
    if (this.conversation !== conversation) return;
    history.replaceState(null, "", `#/c/${encodeURIComponent(conversation.id)}`);
    this.composer.conversationId = conversation.id;
    update({ current: conversation.id });
    this.drawActions();
  }

  changed(conversation) {
    if (this.conversation !== conversation) return;
    this.composer.setRunning(Boolean(conversation.running));
    this.name(conversation.title);
    update({ sent: conversation.meter });
  }

  drafted(text) {
    if (this.conversation) this.conversation.draft = text;
  }

  /** True when there was something to stop. */
  stop() {
    if (!this.conversation?.running) return false;
    this.conversation.stop();
    return true;
  }

  editLast() {
    const last = this.conversation?.lastTurn;
    last?.edit();
    return Boolean(last);
  }

  choose(number) {
    const { conversation } = this;
    return Boolean(conversation && !conversation.running && conversation.lastTurn?.chooseNumber(number));
  }

  inspect(turn, card, tab) {
    this.inspector.open(turn, card, tab);
  }

  lit(card, row, column) {
    this.inspector.lit(card, row, column);
  }

  toggleInspector() {
    if (this.inspector.isOpen) return this.inspector.close();
    if (!this.conversation) return undefined;
    const turn = this.conversation.turns.findLast(({ cards }) => cards.length);
    return this.inspector.open(turn ?? null, turn?.cards.at(-1) ?? null);
  }

  act(action) {
    if (action === "backend" && state.backend.state === "not_configured") this.go("#/");
    else if (action === "backend") look();
    else this.go("#/settings/connection");
  }

  focusComposer() {
    this.composer.focus();
  }

  connectionOf() {
    return this.conversation?.connection ?? this.chosen ?? state.connection ?? state.connections[0]?.name ?? null;
  }

  chooseConnection(name) {
    this.chosen = name;
    if (this.conversation) this.conversation.connection = name;
    else this.home.draw();
  }

  askAbout(connection, table) {
    this.chosen = connection;
    this.propose(t("data.question", { table: table.name }));
  }

  /** A new conversation with these words in hand, to be changed or sent. */
  propose(text) {
    this.go("#/");
    requestAnimationFrame(() => this.composer.fill(text));
  }

  // -- The rail ----------------------------------------------------------------------------

  openRail() {
    by("rail").classList.add("open");
    by("menu-btn").setAttribute("aria-expanded", "true");
    by("rail").querySelector("a, button").focus();
  }

  closeRail() {
    if (!by("rail").classList.contains("open")) return false;
    by("rail").classList.remove("open");
    by("menu-btn").setAttribute("aria-expanded", "false");
    return true;
  }

  renamed(id, title) {
    const conversation = this.kept.get(id);
    if (conversation) conversation.title = title;
    if (this.conversation?.id === id) this.name(title);
  }

  gone(id) {
    this.kept.delete(id);
    if (this.conversation?.id === id) this.go("#/");
  }

  back(id) {
    this.go(`#/c/${encodeURIComponent(id)}`);
  }
}
