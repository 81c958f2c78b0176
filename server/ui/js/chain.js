// Whether the audit trail is as it was written: verified by the backend, told in words.

import { post } from "./api.js";
import { announce, button, h } from "./dom.js";
import { number } from "./format.js";
import { failed, kept, link, note } from "./parts.js";

export class ChainCheck {
  /** ``read`` is called when the chain was read: what was shown of the trail before may be no longer so. */
  constructor(read) {
    this.read = read;
    this.button = button("btn", "shield", "Verify the trail", () => this.run());
    this.place = h("div", { class: "chain" });
  }

  async run() {
    this.button.disabled = true;
    const seconds = h("span", { class: "quiet num" });
    const began = Date.now();
    const tick = setInterval(() => { seconds.textContent = `${number(Math.round((Date.now() - began) / 1000))} s`; }, 1000);
    this.show(h("p", { class: "waiting", role: "status" }, h("span", { class: "spin" }), "Reading the chain from end to end", seconds));
    try {
      const found = await post("/api/audit/verify");
      this.read();
      this.show(found.ok ? whole(found) : broken(found));
      announce(found.ok ? "The audit trail is whole" : "The audit trail is not as it was written", { now: !found.ok });
    } catch (error) {
      this.show(failed(error, error.status === 403 ? null : () => this.run()));
    } finally {
      clearInterval(tick);
      this.button.disabled = false;
    }
  }

  show(content) {
    this.place.replaceChildren(content);
  }
}

function whole(found) {
  const says = found.lines ? `The trail is whole: ${span(found)}. Nothing was changed, put in, moved or taken away.` : "The trail is whole: no line was written yet.";
  return note("ok", says, older(found),
    h("p", { class: "quiet" }, "This is where it ends now. Keep it elsewhere: it proves later that nothing was cut off."), kept(found.head));
}

function broken(found) {
  return note("bad", `The trail is not as it was written. Read: ${span(found)}.`,
    h("ul", { class: "stack tight" }, found.problems.map((problem) => h("li", { class: "row" }, h("span", { class: "grow" }, problem), opened(problem)))), older(found),
    h("p", { class: "quiet" }, "Somebody wrote into the state beside the backend, or it comes from a backup or a power cut. On the backend’s machine, this tells the same and takes an end that you have kept:"),
    kept("python -m server verify-audit --head HEAD"));
}

const span = ({ first, lines }) => (lines === 1 ? `one line, number ${number(first)}` : `${number(lines)} lines, from number ${number(first)} on`);
const older = ({ older: count }) => (count ? h("p", null, `${number(count)} older lines are from before the chain began: nothing protects them.`) : null);

/** A line that is still there, to look at. */
function opened(problem) {
  const [, id] = /^Lines? (\d+).*\bw(?:as|ere) changed/.exec(problem) ?? [];
  return id ? link("btn small", null, `Open line ${number(Number(id))}`, `#/audit/${id}`) : null;
}
