// Starts the window: reads the state, listens, and shows what the address says. Places draw themselves.

import { get, listen } from "./api.js";
import { saveConversation } from "./clipboard.js";
import { App } from "./app.js";
import { by } from "./dom.js";
import { useNumbers } from "./format.js";
import { tellFront, watchFront } from "./front.js";
import { keys } from "./keys.js";
import { showNotice } from "./notice.js";
import { redrawCharts } from "./chart.js";
import { drawAccount } from "./account.js";
import { check, isSomebodyElse, keepSession, readSession } from "./session.js";
import { SignIn } from "./sign_in.js";
import { on, state, update } from "./state.js";
import { countTasks } from "./tasks.js";
import { queueChanged } from "./waiting.js";

function useSettings(settings) {
  const root = document.documentElement;
  if (settings.theme === "system") root.removeAttribute("data-theme");
  else root.dataset.theme = settings.theme;
  useNumbers(settings.numbers);
  redrawCharts();
}

const STATE_SECONDS = 20; // the agent answers this at once, or not at all
let news = 0; // how often the backend has been heard of

async function readState(app) {
  const before = news;
  try {
    const { backend, ...known } = await get("/api/state", STATE_SECONDS);
    update(before === news ? { ...known, backend } : known); // what was heard meanwhile is newer
    app.ready();
    if (state.offer) app.go("#/connect");
  } catch (error) {
    if (error.status !== 401 && error.status !== 403) setTimeout(() => readState(app), 1000);
    update({ backend: { ...state.backend, state: "gone", detail: error.message } });
  }
}

/** When the backend comes (back), what it offers may have changed. It is shown with that: alone it would say no data is there. */
function heard(backend, app) {
  news += 1;
  const other = backend.url !== state.backend.url || backend.demo !== state.backend.demo;
  const changed = other || state.backend.state !== backend.state;
  if (backend.state === "online" && changed) return readState(app);
  update({ backend, ...(other ? { connections: [], connection: null } : null) });
  if (backend.state === "offline" && changed && !state.connections.length) readState(app); // what is kept is offered too
  return undefined;
}

/** The line of news was cut: the session is over, or the program has gone. */
function lost() {
  update({ backend: { ...state.backend, state: "gone" } });
  check();
}

async function start() {
  const session = await readSession();
  if (isSomebodyElse(session)) history.replaceState(null, "", "#/");
  if (session.state !== "open") {
    new SignIn(session).show();
    return;
  }
  keepSession(session);
  drawAccount(session);
  on("settings", useSettings); // before all others: they write numbers in the new style
  const app = new App({ saveConversation });
  const { files, tasks } = app.places;
  on("tasks", countTasks);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawCharts);
  keys(app);
  showNotice();
  addEventListener("hashchange", () => app.route());
  app.route();
  const readAll = () => {
    tellFront();
    readState(app);
    app.rail.refresh();
    tasks.changed();
    files.changed();
  };
  readAll();
  listen(
    {
      backend: (backend) => heard(backend, app), conversations: () => app.rail.refresh(), offer: () => readState(app),
      queue: (news) => queueChanged(news, app), tasks: () => tasks.changed(), task_run: (ended) => tasks.ended(ended),
      task_open: ({ task_id: id }) => state.native && app.go(`#/tasks/${id}`),
      conversation_open: ({ conversation_id: id }) => state.native && app.go(`#/c/${encodeURIComponent(id)}`),
      grants: () => files.changed(), file_written: (written) => files.written(written),
    },
    (fine) => (fine ? readAll() : lost()), // news may have been missed
  );
  watchFront();
  by("scrim").addEventListener("click", () => app.closeRail());
}

start();
