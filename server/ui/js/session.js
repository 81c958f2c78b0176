// Who is signed in: the key, what it may do, and for how long nobody has touched the page. The key lies in
// sessionStorage, which this tab alone can read and which ends with it; it is in no address and in no cookie.

const KEY = "vmart.key";
const TOUCHED = "vmart.touched";
export const IDLE_MINUTES = 15;
const WARN_MINUTES = 1;

let me = null;
let key = sessionStorage.getItem(KEY) ?? "";
let watching = 0;

export const currentKey = () => key;
export const whoami = () => me;
export const may = (permission) => !permission || Boolean(me?.permissions.includes(permission));
export const mayAll = (...permissions) => permissions.every(may);

const idle = () => (Date.now() - Number(sessionStorage.getItem(TOUCHED) ?? 0)) / 60000;
export const keptKeyIsOld = () => Boolean(key) && idle() >= IDLE_MINUTES;

export function useKey(text) {
  key = text;
  sessionStorage.setItem(KEY, text);
  touch();
}

export function useIdentity(identity) {
  me = identity;
}

export function forget() {
  key = "";
  me = null;
  sessionStorage.removeItem(KEY);
  sessionStorage.removeItem(TOUCHED);
  clearInterval(watching);
}

export function touch() {
  sessionStorage.setItem(TOUCHED, String(Date.now()));
}

/** Calls ``warn(true)`` a minute before the end, ``warn(false)`` when somebody is there again, then ``end``. */
export function watchIdle({ warn, end }) {
  clearInterval(watching);
  let warned = false;
  const here = () => {
    if (!key) return;
    touch();
    if (warned) warn((warned = false));
  };
  for (const sign of ["pointerdown", "keydown", "wheel", "touchstart"]) addEventListener(sign, here, { passive: true, capture: true });
  watching = setInterval(() => {
    if (idle() >= IDLE_MINUTES) end();
    else if (!warned && idle() >= IDLE_MINUTES - WARN_MINUTES) warn((warned = true));
  }, 5000);
}
