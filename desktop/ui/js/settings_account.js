// Settings: who is signed in, and how to sign out or let somebody else in.

import { post, remove } from "./api.js";
import { button, h } from "./dom.js";
import { t } from "./messages.js";
import { row } from "./settings_rows.js";
import { callOff, linkTo, signIn } from "./sign_in.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

export const account = { name: "account", icon: "users", hears: "session", draw };

let waiting = null;

function draw(again) {
  const { person, google } = state.session;
  return [
    row(nameOf(person), t(person?.kind === "google" ? "account.googleHint" : "account.localHint"), person?.email ?? ""),
    ...(waiting ? [waitingRow()] : ways(person, google, again)),
    row(t("account.idle"), idleHint(), ""),
  ];
}

export const nameOf = (person) => (person?.kind === "google" ? person.name || person.email : t("account.local"));

function ways(person, google, again) {
  const choose = (label) => button("btn small", null, t(label), () => other(again), { "data-choice": "other" });
  if (person?.kind !== "google") {
    const hint = t(google?.available ? "account.signInHint" : "account.noGoogle");
    return [row(t("account.signInName"), hint, google?.available ? choose("account.signIn") : "")];
  }
  const toLocal = google.required ? null : button("btn small", null, t("account.toLocal"), () => leave(() => post("/api/session/local")), { "data-choice": "local" });
  const signOut = button("btn small", null, t("account.signOut"), () => leave(() => remove("/api/session")), { "data-choice": "out" });
  return [
    row(t("account.switchName"), t("account.switchHint"), [choose("account.switch"), toLocal]),
    row(t("account.signOutName"), t("account.signOutHint"), signOut),
  ];
}

function waitingRow() {
  return row(t("account.signIn"), t("account.waiting"), [h("span", { class: "spin" }), linkTo(waiting), button("btn small", null, t("cancel"), callOff, { "data-choice": "other" })]);
}

async function other(again) {
  const said = await signIn({ again: false }, (step) => {
    waiting = step;
    again();
  });
  waiting = null;
  if (!said) return location.reload();
  again();
  return toast(said);
}

async function leave(act) {
  try {
    await act();
    location.reload();
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
}

function idleHint() {
  const seconds = state.session.timeout_seconds;
  if (!seconds) return t("account.idleNever");
  const time = seconds < 120 ? t("account.seconds", { count: seconds }) : t("account.minutes", { count: Math.round(seconds / 60) });
  return t("account.idleHint", { time });
}
