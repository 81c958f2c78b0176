// The form of one task, in the drawer: what is asked, when, on what condition, where it is saved. Its button is
// the person's yes, so what it does, with the next three times, stands above it.

import { post, put } from "./api.js";
import { button, by, h, icon, iconButton, later } from "./dom.js";
import { t } from "./messages.js";
import { state } from "./state.js";

const WEEK = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WEEKDAYS = [0, 1, 2, 3, 4];
const INTERVALS = [15, 30, 60, 120, 240, 480, 1440];
const DEADLINES = [60, 300, 600, 1800, 3600];
const CONDITIONS = ["always", "falls", "rises", "changes", "above", "below", "rows", "no_rows"];
const CHANGES = ["falls", "rises", "changes"];

export const emptyPlan = () => ({
  name: "", question: "", sql: null, connection: null, condition: null, saving: null, notify: true, deadline_seconds: 600,
  timetable: { kind: "weekly", at: "09:00", days: WEEKDAYS, day: 1, every_minutes: 60, zone: "" },
});

export class TaskForm {
  /** ``place`` is the Tasks place: known, refresh, app. */
  constructor(place) {
    this.place = place;
    this.drawer = by("task-drawer");
    this.preview = later(250, () => this.look());
    this.drawer.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.close();
    });
  }

  get isOpen() {
    return !this.drawer.hidden;
  }

  open(task, draft) {
    const id = task?.id ?? "new";
    if (this.isOpen && this.id === id) return;
    this.id = id;
    this.task = task;
    const left = this.left?.id === id && !draft ? this.left.plan : null;
    this.left = null;
    this.plan = structuredClone(left ?? task?.plan ?? { ...emptyPlan(), ...draft });
    this.before = document.activeElement;
    this.drawer.hidden = false;
    by("app").classList.add("with-drawer");
    this.draw();
    (this.plan.question ? this.name : this.question).focus();
  }

  close({ quietly = false } = {}) {
    if (!this.isOpen) return;
    const held = this.drawer.contains(document.activeElement);
    this.drawer.hidden = true;
    this.id = null;
    this.preview.cancel();
    by("app").classList.remove("with-drawer");
    if (!quietly) this.place.app.go(this.task ? `#/tasks/${this.task.id}` : "#/tasks");
    if (held) (this.before?.isConnected ? this.before : by("main-view")).focus({ preventScroll: true });
  }

  /** The person goes to grant a folder: what they wrote waits for them here. */
  leave() {
    this.left = { id: this.id, plan: structuredClone(this.plan), href: location.hash };
  }

  draw() {
    const { plan } = this;
    const { timetable } = plan;
    this.name = h("input", { id: "task-name", type: "text", maxlength: "120", value: plan.name, placeholder: t("form.namePlaceholder"), oninput: () => this.set({ name: this.name.value }) });
    this.question = h("textarea", { id: "task-question", rows: "3", maxlength: "2000", value: plan.question, placeholder: t("form.questionPlaceholder"), oninput: () => this.set({ question: this.question.value }) });
    this.effect = h("div", { class: "effect", role: "status" });
    this.save = h("button", { type: "submit", class: "btn primary", form: "task-form" }, t(this.task ? "form.save" : "form.create"));
    const body = h("form", { id: "task-form", class: "drawer-body pad", novalidate: true, onsubmit: (event) => (event.preventDefault(), this.keep()) },
      entry("task-question", t("form.question"), area(this.question), plan.sql ? h("p", { class: "hint" }, t("form.sql"), " ", button("link", null, t("form.sqlOff"), () => this.set({ sql: null }, true))) : null),
      entry("task-name", t("form.name"), h("div", { class: "field" }, this.name)),
      this.when(timetable), this.condition(), this.saving(), this.more(), this.effect);
    this.drawer.replaceChildren(h("div", { class: "tabs" }, h("h2", { class: "drawer-name grow cut" }, t(this.task ? "form.edit" : "form.new")), iconButton("x", t("close"), () => this.close())), body,
      h("div", { class: "drawer-foot" }, this.save, button("btn", null, t("cancel"), () => this.close())));
    this.look();
  }

  /** ``anew`` draws the form again: other fields have a meaning now. */
  set(changes, anew = false) {
    Object.assign(this.plan, changes);
    if (anew) this.redraw();
    this.preview();
  }

  redraw() {
    const held = document.activeElement?.id;
    this.draw();
    if (held) by(held)?.focus();
  }

  setTime(changes, anew = false) {
    this.set({ timetable: { ...this.plan.timetable, ...changes } }, anew);
  }

  // -- When ------------------------------------------------------------------------------------

  when(timetable) {
    const kind = timetable.kind === "weekly" && String(timetable.days) === String(WEEKDAYS) ? "weekdays" : timetable.kind;
    const kinds = ["weekdays", "daily", "weekly", "monthly", "interval"].map((value) => [value, t(`form.${value}`)]);
    const every = select("task-kind", kinds, kind, (value) => this.setTime(value === "weekdays" ? { kind: "weekly", days: WEEKDAYS } : value === "weekly" ? { kind: "weekly", days: [0] } : { kind: value }, true));
    const at = h("input", { id: "task-at", type: "time", value: timetable.at, required: true, onchange: (event) => this.setTime({ at: event.target.value || "09:00" }) });
    const parts = [h("div", { class: "two" }, entry("task-kind", t("form.every"), every),
      timetable.kind === "interval" ? this.interval(timetable) : entry("task-at", t("form.at"), h("div", { class: "field" }, at)))];
    if (kind === "weekly") parts.push(this.days(timetable));
    if (kind === "monthly") parts.push(entry("task-day", t("form.day"), select("task-day", Array.from({ length: 31 }, (_, at_) => [at_ + 1, at_ === 30 ? t("form.lastDay") : String(at_ + 1)]), timetable.day, (value) => this.setTime({ day: Number(value) })), timetable.day > 28 && timetable.day < 31 ? h("p", { class: "hint" }, t("form.dayHint")) : null));
    if (timetable.kind !== "interval") parts.push(this.zone(timetable));
    return parts;
  }

  interval(timetable) {
    const known = INTERVALS.includes(timetable.every_minutes) ? INTERVALS : [...INTERVALS, timetable.every_minutes].sort((a, b) => a - b);
    return entry("task-interval", t("form.interval_"), select("task-interval", known.map((minutes) => [minutes, span(minutes)]), timetable.every_minutes, (value) => this.setTime({ every_minutes: Number(value) })));
  }

  days(timetable) {
    return h("div", { class: "week", role: "group", "aria-label": t("form.days") }, WEEK.map((name, day) => {
      const on = timetable.days.includes(day);
      return h("button", { type: "button", id: `task-day-${day}`, class: "day", "aria-pressed": String(on), "aria-label": t(`day.${name}`), onclick: () => this.setTime({ days: on ? timetable.days.filter((other) => other !== day) : [...timetable.days, day].sort() }, true) }, t(`day.${name}`).slice(0, 2));
    }));
  }

  zone(timetable) {
    const here = this.place.known?.zone ?? "";
    const zones = [["", t("form.zoneHere", { zone: here })]];
    for (const zone of new Set([timetable.zone, here])) if (zone) zones.push([zone, t("form.zoneFixed", { zone })]);
    return entry("task-zone", t("form.zone"), select("task-zone", zones, timetable.zone, (value) => this.setTime({ zone: value })));
  }

  // -- On what condition, where to -------------------------------------------------------------

  condition() {
    const { condition } = this.plan;
    const kind = condition?.kind ?? "always";
    const fresh = (value) => ({ kind: value, amount: "10", percent: CHANGES.includes(value), any_row: false, inclusive: false, column: "", ...condition, ...(CHANGES.includes(value) ? {} : { percent: false }), kind: value });
    const which = select("task-condition", CONDITIONS.map((value) => [value, t(`if.${value}`)]), kind, (value) => this.set({ condition: value === "always" ? null : { ...fresh(value), kind: value } }, true));
    const parts = [entry("task-condition", t("form.tell"), which)];
    if (!condition || kind === "rows" || kind === "no_rows") return parts;
    const change = (changes) => this.set({ condition: { ...this.plan.condition, ...changes } });
    const amount = h("input", { id: "task-amount", type: "text", inputmode: "decimal", value: condition.amount, maxlength: "20", oninput: (event) => change({ amount: event.target.value.replaceAll(",", "").trim() }) });
    const unit = CHANGES.includes(kind) ? select("task-unit", [["percent", t("if.percent")], ["plain", t("if.plain")]], condition.percent ? "percent" : "plain", (value) => change({ percent: value === "percent" })) : null;
    const scope = select("task-scope", [["whole", t("if.whole")], ["row", t("if.row")]], condition.any_row ? "row" : "whole", (value) => change({ any_row: value === "row" }));
    const column = h("input", { id: "task-column", type: "text", maxlength: "120", value: condition.column, placeholder: t("if.first"), oninput: (event) => change({ column: event.target.value.trim() }) });
    parts.push(h("div", { class: "two" }, entry("task-amount", t(CHANGES.includes(kind) ? "if.by" : "if.than"), h("div", { class: "field" }, amount)), unit ? entry("task-unit", t("if.unit"), unit) : entry("task-scope", t("if.scope"), scope)));
    parts.push(h("div", { class: "two" }, unit ? entry("task-scope", t("if.scope"), scope) : null, entry("task-column", t("if.column"), h("div", { class: "field" }, column))));
    return parts;
  }

  saving() {
    const { saving } = this.plan;
    const { folders } = this.place.known ?? { folders: [] };
    if (saving && !saving.folder && folders.length) saving.folder = folders[0].id; // granted meanwhile
    const formats = [["", t("save.none")], ["xlsx", t("save.xlsx")], ["csv", t("save.csv")], ["md", t("save.md")]];
    const format = select("task-format", formats, saving?.format ?? "", (value) => this.set({ saving: value ? { format: value, folder: saving?.folder ?? folders[0]?.id ?? "" } : null }, true));
    const parts = [entry("task-format", t("form.saveAs"), format)];
    if (!saving) return parts;
    const { folder } = saving;
    const choices = folders.map(({ id, name, path }) => [id, `${name} · ${path}`]);
    const gone = folder && !folders.some(({ id }) => id === folder);
    if (gone) choices.unshift([folder, t("save.gone")]);
    if (choices.length) parts.push(entry("task-folder", t("form.folder"), select("task-folder", choices, folder, (value) => this.set({ saving: { ...saving, folder: value } }, true))));
    if (gone || !folders.length) parts.push(h("div", { class: "ungranted" }, h("p", { class: "hint warn grow" }, t(gone ? "save.goneWhy" : "save.noFolder")), h("a", { class: "btn small", href: "#/files", onclick: () => this.leave() }, icon("plus"), h("span", null, t("save.grant")))));
    return parts;
  }

  more() {
    const { plan } = this;
    const connections = [["", t("form.anyConnection")], ...state.connections.map(({ name }) => [name, name])];
    if (plan.connection && !state.connections.some(({ name }) => name === plan.connection)) connections.push([plan.connection, plan.connection]);
    const limits = DEADLINES.includes(plan.deadline_seconds) ? DEADLINES : [...DEADLINES, plan.deadline_seconds].sort((a, b) => a - b);
    const notify = h("input", { id: "task-notify", type: "checkbox", checked: plan.notify, onchange: (event) => this.set({ notify: event.target.checked }) });
    return [h("label", { class: "check" }, notify, h("span", null, t("form.notify"))),
      h("div", { class: "two" }, entry("task-connection", t("form.connection"), select("task-connection", connections, plan.connection ?? "", (value) => this.set({ connection: value || null }))),
        entry("task-deadline", t("form.deadline"), select("task-deadline", limits.map((seconds) => [seconds, seconds % 60 ? t("form.seconds", { count: seconds }) : span(seconds / 60)]), plan.deadline_seconds, (value) => this.set({ deadline_seconds: Number(value) }))))];
  }

  // -- What it does, and doing it ----------------------------------------------------------------

  /** The server says what the plan means; an answer to an older plan is not shown. */
  async look() {
    const mine = (this.asked = (this.asked ?? 0) + 1);
    try {
      const { readings } = await post("/api/tasks/preview", this.plan);
      if (mine !== this.asked) return;
      this.save.disabled = false;
      this.effect.replaceChildren(h("dl", { class: "kv" }, readings.filter(({ name }) => !["Asks", "Connection"].includes(name)).map(({ name, value }) => [h("dt", null, name), h("dd", null, value)])));
    } catch (error) {
      if (mine !== this.asked) return;
      this.save.disabled = true;
      this.effect.replaceChildren(h("p", { class: "quiet" }, error.message));
    }
  }

  async keep() {
    if (this.save.disabled) return;
    this.save.disabled = true;
    try {
      const kept = this.task ? await put(`/api/tasks/${this.task.id}`, this.plan) : await post("/api/tasks", this.plan);
      this.task = kept;
      await this.place.refresh();
      this.close();
    } catch (error) {
      this.save.disabled = false;
      this.effect.replaceChildren(h("p", { class: "bad", role: "alert" }, error.message));
    }
  }
}

const entry = (id, label, field, hint) => h("div", { class: "entry" }, h("label", { for: id }, label), field, hint);
const area = (field) => h("div", { class: "field area" }, field);

function select(id, options, value, change) {
  const field = h("select", { id, onchange: (event) => change(event.target.value) }, options.map(([key, label]) => h("option", { value: key, selected: String(key) === String(value) }, label)));
  return h("div", { class: "field select" }, field, icon("down"));
}

function span(minutes) {
  if (minutes % 1440 === 0) return t("span.days", { count: minutes / 1440 });
  if (minutes % 60 === 0) return t("span.hours", { count: minutes / 60 });
  return t("span.minutes", { count: minutes });
}
