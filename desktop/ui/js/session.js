// The session of this page: read at its start, kept open by what the person does, and its end noticed.
// What is shown when it is not open is in sign_in.js.

import { get, ofSession, post } from "./api.js";
import { later } from "./dom.js";
import { state, update } from "./state.js";

const ACTS = ["pointerdown", "pointermove", "keydown", "wheel", "touchstart"];
const PERSON = "vmart-person";
const OFTEN = 30; // seconds

/** Who is here, and whether anything may be shown. Asks until the program answers. */
export async function readSession() {
  try {
    const session = await get("/api/session");
    update({ session });
    return session;
  } catch (error) {
    if (error.status === 401 || error.status === 403) throw error;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    return readSession();
  }
}

/** From now on the page belongs to this session, and is loaded anew when that is over. */
export function keepSession(session) {
  ofSession(session.id, leave);
  const { timeout_seconds: timeout } = session;
  if (!timeout) return;
  const often = Math.min(timeout / 4, OFTEN) * 1000;
  let actedAt = Date.now();
  let toldAt = 0;
  const tell = () => {
    toldAt = Date.now();
    post("/api/session/active").catch(() => {}); // a session that is over says so through ofSession
  };
  const tellLater = later(often, tell);
  const acted = () => {
    actedAt = Date.now();
    if (actedAt - toldAt > often) tell();
    else tellLater();
  };
  for (const act of ACTS) addEventListener(act, acted, { capture: true, passive: true });
  // The program ends the session by itself; this is for a page that does not hear of it, as after a sleep.
  setInterval(() => Date.now() - actedAt > timeout * 1000 && check({ unheard: leave }), often);
}

/** Loads the page anew when its session is not the one that is open now. */
export async function check({ unheard } = {}) {
  try {
    const session = await get("/api/session");
    if (session.id !== state.session.id) leave();
  } catch {
    unheard?.();
  }
}

let left = false;

/** Nothing that the page has shown or kept outlasts this. */
function leave() {
  if (left) return;
  left = true;
  location.reload();
}

/** Whether somebody else was here before: then the address is of no use to this one. Nobody's name stays. */
export function isSomebodyElse({ person }) {
  const before = sessionStorage.getItem(PERSON);
  const mark = person ? `${person.kind} ${person.email}` : null;
  if (mark) sessionStorage.setItem(PERSON, mark);
  else sessionStorage.removeItem(PERSON);
  return before !== null && before !== mark;
}
