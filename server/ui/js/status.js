// The line at the foot, and the theme: is the backend there, since when, who is signed in.

import { by, h, icon } from "./dom.js";
import { age } from "./format.js";
import { whoami } from "./session.js";

const THEME = "vmart.theme";
const EVERY_SECONDS = 15;

export const theme = () => localStorage.getItem(THEME) ?? "system";

export function useTheme(name) {
  localStorage.setItem(THEME, name);
  if (name === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.dataset.theme = name;
}

export class Status {
  constructor() {
    this.backend = h("span", { role: "status" });
    this.version = h("span", { class: "opt" });
    const { name, user } = whoami();
    by("status").replaceChildren(this.backend, this.version,
      h("span", { class: "end" }, icon(user ? "users" : "key"), h("span", { class: "cut" }, h("b", null, user || name))));
    this.look();
    this.timer = setInterval(() => document.hidden || this.look(), EVERY_SECONDS * 1000);
  }

  end() {
    clearInterval(this.timer);
  }

  async look() {
    let kind = "ok";
    let words = "";
    try {
      const response = await fetch("/health", { cache: "no-store", credentials: "omit" });
      const { status, uptime, version } = await response.json();
      if (status !== "ok") kind = "warn";
      words = `${status === "ok" ? "Backend up" : `Backend ${status}`} for ${age(Date.now() - uptime * 1000)}`;
      this.version.textContent = version ? `Version ${version}` : "";
    } catch {
      kind = "bad";
      words = "The backend does not answer";
    }
    if (words !== this.words) this.backend.replaceChildren(h("span", { class: kind }, h("span", { class: kind === "ok" ? "dot" : "dot hollow" })), h("span", { class: "cut" }, words));
    this.words = words;
  }
}
