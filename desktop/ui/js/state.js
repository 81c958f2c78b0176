// What the whole window knows, and who wants to hear when it changes. No drawing.

const listeners = new Map();

export const state = {
  session: { state: "open", id: "", why: "", person: null, timeout_seconds: 0 },
  version: "",
  model: { label: "", kind: "analyst" },
  backend: { state: "connecting", since: null, url: "", latency_ms: null, detail: "", demo: false },
  connection: null,
  connections: [],
  settings: { theme: "system", numbers: "indian", language: "en", never_send_cells: false },
  offer: null,
  config: { settings: [], trouble: "" },
  setup: { url: "", file: "" },
  autostart: { possible: false, on: false },
  native: false,
  draft: "",
  notice: "",
  grants: null,
  folderDialog: false,
  conversations: null,
  tasks: null,
  taskDraft: null,
  queue: { count: 0 },
  current: null,
  running: new Set(),
  sent: null,
};

/** Change fields and tell their listeners. */
export function update(changes) {
  Object.assign(state, changes);
  for (const name of Object.keys(changes)) for (const listener of listeners.get(name) ?? []) listener(state[name]);
}

/** Listen to some fields; gives back what stops listening. */
export function on(names, listener) {
  for (const name of names.split(" ")) {
    if (!listeners.has(name)) listeners.set(name, new Set());
    listeners.get(name).add(listener);
  }
  return () => {
    for (const name of names.split(" ")) listeners.get(name).delete(listener);
  };
}

/** The backend answers, or will never: waiting is of no use. */
export const settled = () => !["connecting", "demo-starting"].includes(state.backend.state);

/** Resolves when the backend is there (or is known to be away), or when the wait is called off. */
export function backendSettled(signal) {
  if (settled()) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const stop = on("backend", () => settled() && done());
    signal.addEventListener("abort", done);
  });
}
