// The status line and the banner: is the backend there, who answers, what has left this PC.

import { post } from "./api.js";
import { button, by, h, icon } from "./dom.js";
import { clockOrDay, elapsed } from "./format.js";
import { t } from "./messages.js";
import { sentLine } from "./sent_words.js";
import { on, state } from "./state.js";
import { toast } from "./toast.js";
import { waitingWords } from "./waiting.js";

const BANNERS = { offline: "off", connecting: "link", "demo-starting": "data", not_configured: "warn", gone: "warn" };
const KEYS = { offline: "offline", connecting: "connecting", "demo-starting": "starting", not_configured: "none", gone: "gone" };
const GRACE = 900; // a backend that connects at once needs no banner that comes and goes

export class Status {
  constructor() {
    this.line = by("status");
    this.banner = by("banner-place");
    on("backend model sent current settings queue", () => this.draw());
    addEventListener("hashchange", () => this.drawBanner());
    this.next = h("span", { class: "quiet num nowrap opt", "aria-hidden": "true" });
    setInterval(() => state.backend.state === "offline" && this.count(), 1000);
    this.graceOver = false;
    setTimeout(() => {
      this.graceOver = true;
      this.draw();
    }, GRACE);
    this.draw();
  }

  draw() {
    const { model, sent, current } = state;
    const waits = state.queue.count ? [h("span", { class: "opt" }, waitingWords(state.queue.count))] : [];
    this.line.replaceChildren(h("a", { class: "to-status", href: "#/status", title: t("status.open") }, backendLine(state.backend)), h("span", { class: "opt" }, model.label), ...waits, sentLine(sent, current));
    this.drawBanner();
  }

  drawBanner() {
    const { state: kind, since, detail } = state.backend;
    const waiting = kind === "connecting" || kind === "demo-starting";
    const asked = kind === "not_configured" && by("main-view").querySelector(".setup"); // the page itself asks for one
    if (!BANNERS[kind] || asked || (kind === "connecting" && !this.graceOver)) {
      if (this.shown) this.banner.replaceChildren();
      this.shown = "";
      return;
    }
    const key = KEYS[kind];
    const words = [h("b", null, t(`banner.${key}`, { when: since ? clockOrDay(since) : "" })), " "];
    if (kind === "offline") words.push(t("banner.offlineShort"));
    else if (kind === "connecting") words.push(detail ?? "");
    else words.push(t(`banner.${key}Why`), kind === "demo-starting" && detail ? ` ${detail}` : "");
    const side = kind === "offline" ? this.next : null;
    this.count();
    const says = words.map((word) => word.textContent ?? word).join("");
    if (says === this.shown) return;
    this.shown = says;
    const banner = h("div", { class: waiting ? "banner calm" : "banner" }, waiting ? h("span", { class: "spin" }) : icon(BANNERS[kind]), h("span", { class: "grow" }, words), side,
      kind === "offline" ? button("btn small", "again", t("banner.look"), look) : null,
      kind === "not_configured" ? h("a", { class: "btn small", href: "#/" }, t("banner.choose")) : null);
    this.banner.replaceChildren(banner);
  }

  /** Until the agent looks for its backend again by itself. */
  count() {
    const left = Math.round((new Date(state.backend.next_look_at ?? 0).getTime() - Date.now()) / 1000);
    this.next.textContent = left > 0 ? t("banner.next", { age: `${left} s` }) : t("banner.trying");
  }
}

/** Have the agent look for its backend at once, instead of at its next try. */
export async function look() {
  toast(t("banner.looking"));
  try {
    await post("/api/backend/look");
  } catch (error) {
    toast(t("failed", { why: error.message }));
  }
}

/** A dot and the words: never the colour alone. */
export function backendLine(backend) {
  const { state: kind, since, latency_ms: latency, demo } = backend;
  const key = { online: demo ? "demo" : "online", ...KEYS }[kind] ?? "connecting";
  const fine = kind === "online";
  const waiting = kind === "connecting" || kind === "demo-starting";
  const parts = [h("span", { class: fine ? "dot ok" : waiting ? "dot hollow quiet" : "dot hollow warn" })];
  const more = fine && latency !== null && latency !== undefined ? ` · ${elapsed(latency)}` : kind === "offline" && since ? ` ${t("backend.since", { when: clockOrDay(since) })}` : "";
  parts.push(h("span", null, fine ? t(`backend.${key}`) : h("b", null, t(`backend.${key}`)), more ? h("span", { class: fine ? "opt" : null }, more) : null));
  return h("span", { class: "row" }, parts);
}
