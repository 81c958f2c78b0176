// Tells the program whether this window is in front of all others: what ends behind it is told by the system.

import { put } from "./api.js";

const NAME = crypto.getRandomValues(new Uint32Array(3)).join("-");

/** From now on, and once more whenever it is called: the program may have been away. */
export function tellFront() {
  const front = document.hasFocus() && document.visibilityState === "visible";
  put("/api/front", { window: NAME, in_front: front }).catch(() => {}); // then it tells rather too much
}

export function watchFront() {
  for (const change of ["focus", "blur", "pageshow", "pagehide"]) addEventListener(change, tellFront);
  document.addEventListener("visibilitychange", tellFront);
}
