// How runs of tasks are said: their state, what came out, why one was late. Pure but for icons.

import { h, icon } from "./dom.js";
import { clock, moment, number } from "./format.js";
import { t } from "./messages.js";

const TONES = { done: "ok", quiet: "ok", failed: "bad", broken_off: "bad", running: "quiet", waiting: "warn", stopped: "quiet", skipped: "warn" };
const SIGNS = { done: "check", quiet: "check", failed: "x", broken_off: "warn", waiting: "clock", stopped: "stop", skipped: "clock" };
const LATE = new Set(["off", "closed", "asleep", "clock", "busy"]);

export const tone = (run) => (run.status === "done" && LATE.has(run.late) ? "warn" : run.status === "quiet" ? "calm" : TONES[run.status] ?? "quiet");
export const runIcon = (run) => icon(SIGNS[run.status] ?? "clock");
export const runStatus = (run) => (run.status === "done" && LATE.has(run.late) ? t("run.late") : t(`run.${run.status}`));

/** What came out of a run, in one line. */
export function runSummary(run) {
  const parts = [];
  if (run.row_count !== null && (run.row_count !== 1 || !run.figure)) parts.push(t("table.rows", { count: number(run.row_count) }));
  if (run.figure && !run.message.includes(run.figure)) parts.push(run.row_count > 1 ? t("run.inAll", { figure: run.figure }) : run.figure);
  if (run.status === "done" && run.file) parts.push(t("run.saved", { file: baseName(run.file) }));
  if (run.status !== "done") parts.unshift(t(`run.${run.status}`));
  if (run.message) parts.push(run.message);
  if (!parts.length) parts.push(t("run.done"));
  return parts.join(" · ");
}

/** "This PC was off at 21:00 yesterday. Target shortfall ran at 21:14 instead." */
export function lateText(run, name) {
  const [before, after] = t("tasks.lateRan", { name: "\u0000", when: dayAndClock(run.started_at) }).split("\u0000");
  return [t(`late.${run.late}`, { when: dayAndClock(run.due_at) }), " ", before, h("b", null, name), after];
}

export function nextText(task) {
  if (!task.enabled) return h("span", { class: "quiet" }, t("tasks.paused"));
  return task.next_at ? dayAndClock(task.next_at) : "";
}

/** 21:00, 21:00 yesterday, 09:00 tomorrow, or the whole day. */
export function dayAndClock(text, now = new Date()) {
  const when = new Date(text);
  const days = Math.round((new Date(when.toDateString()) - new Date(now.toDateString())) / 86400000);
  if (days === 0) return clock(text);
  if (days === 1 || days === -1) return t(days === 1 ? "when.tomorrow" : "when.yesterday", { clock: clock(text) });
  return moment(text);
}

const baseName = (path) => path.split(/[/\\]/).at(-1);
