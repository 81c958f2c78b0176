// Talking to the agent's server on this machine: JSON, event streams, downloads. Draws nothing.

import { ApiError, decode, failure } from "./wire.js";

const PATIENCE = 120; // seconds; longer than any wait that the agent itself allows for one call
const SILENCE = 45; // an answer that is being made gives a sign of life every ten seconds

/** ``seconds`` is when the call is given up; 0 is never, for what waits for the person. */
export const get = (path, seconds) => call("GET", path, undefined, seconds);
export const post = (path, body = {}, seconds = PATIENCE) => call("POST", path, body, seconds);
export const put = (path, body) => call("PUT", path, body);
export const patch = (path, body) => call("PATCH", path, body);
export const remove = (path) => call("DELETE", path);

let session = "";
let whenOver = () => {};

/** Every call from now on says which session it belongs to; over() is called when that is no longer open. */
export function ofSession(id, over) {
  session = id;
  whenOver = over;
}

/** A piece of a file: bytes in, JSON out. */
export const putPiece = async (path, piece, signal) => decode(await (await send("PUT", path, piece, signal)).text());

async function send(method, path, body, signal) {
  const options = { method, credentials: "same-origin", cache: "no-store", signal, headers: session ? { "Vmart-Session": session } : {} };
  if (method !== "GET") {
    const isPiece = body instanceof Blob;
    options.headers["Content-Type"] = isPiece ? "application/octet-stream" : "application/json";
    options.body = isPiece ? body : JSON.stringify(body ?? {});
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError("The program behind this window does not answer. Close the window and open it again.", { code: "agent_gone" });
  }
  if (response.ok) return response;
  const failed = await failure(response);
  if (failed.code === "session_over") whenOver();
  throw failed;
}

async function call(method, path, body, seconds = PATIENCE) {
  const patience = new Patience(seconds, TOO_SLOW);
  try {
    const response = await send(method, path, body, patience.signal);
    return response.status === 204 ? null : decode(await response.text());
  } catch (error) {
    throw patience.reason ?? error;
  } finally {
    patience.end();
  }
}

const TOO_SLOW = "That took too long, so this window has stopped waiting. Try again.";
const SILENT = "The program behind this window has fallen silent. What arrived is shown.";

/** Calls off what has had no sign of life for so many seconds. */
class Patience {
  constructor(seconds, words, also = null) {
    Object.assign(this, { seconds, words, reason: null, calls: new AbortController() });
    also?.addEventListener("abort", () => this.calls.abort());
    if (also?.aborted) this.calls.abort();
    this.begin();
  }

  get signal() {
    return this.calls.signal;
  }

  begin() {
    clearTimeout(this.timer);
    if (!this.seconds) return;
    this.timer = setTimeout(() => {
      this.reason = new ApiError(this.words, { code: "too_slow" });
      this.calls.abort();
    }, this.seconds * 1000);
  }

  end() {
    clearTimeout(this.timer);
  }
}

/** Post, and hand over each server-sent event as it comes. Ends when the server ends the stream. */
export const stream = (path, body, onEvent, signal, seconds = 0) => events("POST", path, body, onEvent, signal, seconds);

/** The events of a turn: they never cease for long. */
export const follow = (path, body, onEvent, signal) => stream(path, body, onEvent, signal, SILENCE);

/** The same for a turn that is under way already; it begins with its first event again. */
export const watch = (path, onEvent, signal) => events("GET", path, null, onEvent, signal, SILENCE);

async function events(method, path, body, onEvent, signal, seconds) {
  const patience = new Patience(seconds, SILENT, signal);
  try {
    await read(await send(method, path, body, patience.signal), onEvent, () => patience.begin());
  } catch (error) {
    throw patience.reason ?? error;
  } finally {
    patience.end();
  }
}

async function read(response, onEvent, onLife) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    onLife();
    rest = (rest + value).replaceAll("\r\n", "\n");
    let end;
    while ((end = rest.indexOf("\n\n")) >= 0) {
      const event = parse(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event) onEvent(event);
    }
  }
}

function parse(block) {
  let name = "";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length ? { event: name, ...decode(data.join("\n")) } : null;
}

/**
 * Whole-window events, for as long as the window stands; the browser reconnects by itself. One tab listens
 * and tells the others: a browser opens six connections to a server at most, and with one held by each tab
 * the seventh tab would wait for ever.
 */
export function listen(handlers, onState) {
  const tabs = new BroadcastChannel("vmart-events");
  const hear = ({ name, data }) => (name === "state" ? onState(data) : handlers[name](decode(data)));
  const tell = (name, data) => {
    hear({ name, data });
    tabs.postMessage({ name, data });
  };
  const open = () => {
    const source = new EventSource("/api/events");
    for (const name of Object.keys(handlers)) source.addEventListener(name, ({ data }) => tell(name, data));
    source.addEventListener("open", () => tell("state", true));
    source.addEventListener("error", () => tell("state", false));
    return new Promise(() => {}); // the next tab takes over when this one is closed
  };
  tabs.addEventListener("message", ({ data }) => hear(data));
  if (navigator.locks) navigator.locks.request("vmart-events", open);
  else open();
}
