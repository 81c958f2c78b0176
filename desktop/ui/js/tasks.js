// The Tasks place: what asks itself, when it ran, how that went, and when it runs next. The form is in task_form.js.

import { get, patch, post, remove } from "./api.js";
import { button, by, h, icon, iconButton } from "./dom.js";
import { clockOrDay, elapsed, moment, number } from "./format.js";
import { t } from "./messages.js";
import { runChart } from "./run_chart.js";
import { state, update } from "./state.js";
import { TaskForm } from "./task_form.js";
import { lateText, nextText, runIcon, runStatus, runSummary, tone } from "./task_words.js";
import { toast } from "./toast.js";
import { query } from "./wire.js";

const PAGE = 20;
const BARS = 10;

export class Tasks {
  constructor(app) {
    this.app = app;
    this.title = "tasks.title";
    this.known = null;
    this.runs = new Map();
    this.form = new TaskForm(this);
    this.late = h("div", { role: "status" });
    this.list = h("div");
    this.history = h("section", { class: "history", hidden: true });
    this.element = h("div", { class: "scroll", tabindex: "-1" }, h("div", { class: "page tasks" },
      h("div", { class: "page-h" },
        h("p", { class: "grow quiet" }, t("tasks.lead")),
        h("a", { class: "btn primary", href: "#/tasks/new" }, icon("plus"), h("span", null, t("tasks.new")))),
      this.late, this.list, this.history));
  }

  show(one, two) {
    this.chosen = one && one !== "new" ? one : null;
    this.wanted = one === "new" ? "new" : two === "edit" ? "edit" : null;
    if (this.known) this.draw();
    else this.list.replaceChildren(h("p", { class: "row quiet" }, h("span", { class: "spin" }), t("tasks.loading")));
    this.refresh();
  }

  leave() {
    this.form.close({ quietly: true });
  }

  /** An answer that left before something changed here is old: ask again. */
  async refresh() {
    const mine = (this.asked = (this.asked ?? 0) + 1);
    try {
      const known = await get("/api/tasks");
      if (mine !== this.asked) return;
      const folders = JSON.stringify(this.known?.folders);
      this.known = known;
      update({ tasks: known.tasks.length });
      if (this.element.isConnected) this.draw();
      if (this.form.isOpen && folders !== JSON.stringify(known.folders)) this.form.redraw();
    } catch (error) {
      if (mine === this.asked && !this.known && this.element.isConnected)
        this.list.replaceChildren(h("p", { class: "bad" }, t("tasks.failed", { why: error.message })), h("div", { class: "acts" }, button("btn small primary", "again", t("retry"), () => this.refresh())));
    }
  }

  find(id) {
    return this.known?.tasks.find((task) => task.id === id) ?? null;
  }

  draw() {
    const held = document.activeElement?.dataset?.held;
    this.drawLate();
    this.drawList();
    this.drawHistory();
    if (held) this.element.querySelector(`[data-held="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
    const task = this.find(this.chosen);
    if (this.wanted === "new") this.form.open(null, state.taskDraft);
    else if (this.wanted === "edit" && task) this.form.open(task);
    else this.form.close({ quietly: true });
    state.taskDraft = null;
  }

  drawLate() {
    const { late } = this.known;
    if (!late.length) return this.late.replaceChildren();
    const words = late.slice(-3).map(({ run, name }) => h("p", null, lateText(run, name)));
    if (late.length > 3) words.push(h("p", { class: "quiet" }, t("tasks.lateMore", { count: late.length - 3 })));
    return this.late.replaceChildren(h("div", { class: "late" }, icon("clock"), h("div", { class: "grow" }, words),
      iconButton("x", t("tasks.lateSeen"), () => this.act(() => post("/api/tasks/late/seen")))));
  }

  drawList() {
    const { tasks } = this.known;
    if (!tasks.length) {
      this.list.replaceChildren(h("div", { class: "nothing" }, icon("clock"), h("p", { class: "strong" }, t("tasks.none")), h("p", { class: "quiet" }, t("tasks.noneWhy")),
        h("p", { class: "chips" }, ["tasks.try1", "tasks.try2", "tasks.try3"].map((key) => h("button", { type: "button", class: "chip", onclick: () => this.app.propose(t(key)) }, t(key))))));
      return;
    }
    const heads = [["task", ""], ["lastTen", "w-bars"], ["lastRun", "w-run"], ["nextRun", "w-run"], ["on", "w-on"]];
    this.list.replaceChildren(h("table", { class: "task-list" },
      h("thead", null, h("tr", null, heads.map(([name, width]) => h("th", { scope: "col", class: width || null }, t(`tasks.${name}`))))),
      h("tbody", null, tasks.map((task) => this.line(task)))));
  }

  line(task) {
    const [last] = task.last;
    const chosen = task.id === this.chosen;
    const on = h("button", { type: "button", class: "switch", role: "switch", "aria-checked": String(task.enabled), "aria-label": t("tasks.isOn", { name: task.plan.name }), "data-held": `on-${task.id}`, onclick: () => this.enable(task) });
    return h("tr", { class: chosen ? "on" : null },
      h("th", { scope: "row" }, h("a", { class: "task-name", href: `#/tasks/${task.id}`, "aria-current": chosen ? "true" : null, "data-held": `name-${task.id}` }, task.plan.name), h("span", { class: "sub" }, [task.when, task.condition].filter(Boolean).join(", "))),
      h("td", { class: "w-bars" }, bars(task)),
      h("td", { class: "w-run" }, last ? [h("span", { class: `state ${tone(last)}` }, last.status === "running" ? h("span", { class: "spin" }) : h("span", { class: last.late || last.status === "quiet" ? "dot hollow" : "dot" }), runStatus(last)), h("span", { class: "sub" }, clockOrDay(last.started_at))] : h("span", { class: "quiet" }, t("tasks.never"))),
      h("td", { class: "w-run", "data-label": task.enabled ? t("tasks.nextRun") : null }, nextText(task)),
      h("td", { class: "w-on" }, on));
  }

  async enable(task) {
    task.enabled = !task.enabled;
    task.next_at = null;
    this.drawList();
    this.list.querySelector(`[data-held="on-${CSS.escape(task.id)}"]`)?.focus({ preventScroll: true });
    await this.act(() => patch(`/api/tasks/${task.id}`, { enabled: task.enabled }));
  }

  // -- One task ------------------------------------------------------------------------------

  drawHistory() {
    const task = this.find(this.chosen);
    this.history.hidden = !task;
    if (!task) return;
    const running = task.last.some(({ status }) => status === "running" || status === "waiting");
    const acts = h("div", { class: "acts" },
      running ? button("btn small", "stop", t("tasks.stop"), () => this.act(() => post(`/api/tasks/${task.id}/stop`)), { "data-held": "run" }) : button("btn small", "play", t("tasks.runNow"), () => this.runNow(task), { "data-held": "run" }),
      h("a", { class: "btn small", href: `#/tasks/${task.id}/edit`, "data-held": "edit" }, icon("edit"), h("span", { class: "word" }, t("tasks.edit"))),
      button("ghost danger", "bin", t("tasks.delete"), () => this.delete(task)));
    const runs = this.runs.get(task.id) ?? { runs: task.last, count: task.last.length };
    const open = Boolean(this.history.querySelector(".run-table[open]")) && this.drawn === task.id;
    this.drawn = task.id;
    const chart = runChart(runs.runs, { open });
    this.history.replaceChildren(h("div", { class: "history-h" }, h("h2", { class: "grow" }, t("tasks.history", { name: task.plan.name })), acts),
      h("p", { class: "quiet" }, task.plan.question), ...(chart ? [chart] : []), h("div", null, this.lines(task, runs)));
    this.read(task, Math.max(PAGE, runs.runs.length));
  }

  lines(task, { runs, count }) {
    if (!runs.length) return h("p", { class: "quiet" }, t("tasks.noRuns"));
    const list = h("ul", { class: "runs" }, runs.map((run) => {
      const words = [h("span", { class: `sign ${tone(run)}` }, run.status === "running" ? h("span", { class: "spin" }) : runIcon(run)), h("span", { class: "grow" }, runSummary(run)),
        h("span", { class: "when", title: moment(run.started_at, { seconds: true }) }, [clockOrDay(run.started_at), run.elapsed_ms ? elapsed(run.elapsed_ms) : ""].filter(Boolean).join(" · "))];
      const there = run.turn_id && task.conversation_id;
      return h("li", null, there ? h("a", { href: `#/c/${encodeURIComponent(task.conversation_id)}`, title: t("tasks.openRun") }, words) : h("span", null, words));
    }));
    return [list, runs.length < count ? button("btn small", null, t("tasks.more", { count: number(count - runs.length) }), () => this.read(task, runs.length + PAGE)) : null];
  }

  async read(task, limit) {
    const mark = `${task.id} ${limit} ${JSON.stringify(task.last)}`;
    if (mark === this.readMark) return;
    this.readMark = mark;
    try {
      const runs = await get(`/api/tasks/${task.id}/runs?${query({ limit })}`);
      if (mark !== this.readMark) return; // asked again since: this one is old
      this.runs.set(task.id, runs);
      if (this.chosen === task.id && this.element.isConnected) this.drawHistory();
    } catch (error) {
      toast(t("failed", { why: error.message }));
    }
  }

  async runNow(task) {
    await this.act(() => post(`/api/tasks/${task.id}/run`));
  }

  async delete(task) {
    if (!(await this.act(() => remove(`/api/tasks/${task.id}`)))) return;
    this.app.go("#/tasks");
    toast(t("tasks.deleted", { name: task.plan.name }), { label: t("undo"), act: async () => {
      if (await this.act(() => post(`/api/tasks/${task.id}/restore`))) this.app.go(`#/tasks/${task.id}`);
    } });
  }

  /** True when it worked; otherwise the person hears why. */
  async act(call) {
    try {
      await call();
      await this.refresh();
      return true;
    } catch (error) {
      toast(t("failed", { why: error.message }));
      await this.refresh();
      return false;
    }
  }

  /** A run came to its end, wherever the person is in the window. */
  ended({ task_id: id, name, notify, run }) {
    if (!notify || run.status === "quiet" || run.status === "skipped" || run.status === "stopped") return;
    toast(`${name}: ${runSummary(run)}`, { label: t("tasks.showRun"), act: () => this.app.go(`#/tasks/${id}`) });
  }

  changed() {
    if (this.element.isConnected || state.tasks === null) this.refresh();
    else this.count();
  }

  async count() {
    this.known = null;
    await this.refresh();
  }
}

function bars(task) {
  const runs = task.last.slice(0, BARS).reverse();
  const counted = new Map();
  for (const run of task.last) counted.set(runStatus(run), (counted.get(runStatus(run)) ?? 0) + 1);
  const says = [...counted].map(([status, count]) => `${count} ${status.toLowerCase()}`).join(", ");
  const empty = Array.from({ length: BARS - runs.length }, () => h("i", { class: "none" }));
  return h("span", { class: "bars", role: "img", "aria-label": says ? t("tasks.bars", { says }) : t("tasks.never") }, empty, runs.map((run) => h("i", { class: tone(run), title: `${runStatus(run)}, ${moment(run.started_at)}` })));
}

/** The number of tasks beside the place in the rail. */
export function countTasks() {
  const place = by("rail-tasks-count");
  if (place) place.textContent = state.tasks ? String(state.tasks) : "";
}
