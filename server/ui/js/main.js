// Starts the console: with the key that this tab still holds, or by asking for one. The list of pages is here.

import { get, onRefused, sentence } from "./api.js";
import { App } from "./app.js";
import { audit } from "./audit.js";
import { connections } from "./connections.js";
import { by, h, icon } from "./dom.js";
import { keys } from "./keys.js";
import { overview } from "./overview.js";
import { roles } from "./roles.js";
import { currentKey, forget, IDLE_MINUTES, keptKeyIsOld, useIdentity, watchIdle } from "./session.js";
import { showSignIn } from "./signin.js";
import { theme, useTheme } from "./status.js";
import { forgetTables } from "./tables.js";
import { forgetTests } from "./testing.js";
import { users } from "./users.js";
import { view } from "./view.js";

const PAGES = [overview, connections, users, roles, view, keys, audit];
const IDLE = `You were signed out after ${IDLE_MINUTES} minutes in which nothing was done here.`;

let app = null;

function begin() {
  by("door").hidden = true;
  by("door").replaceChildren();
  app = new App(PAGES, signOut);
  watchIdle({
    warn: (soon) => by("banner-place").replaceChildren(soon ? h("div", { class: "banner" }, icon("clock"), h("span", null, "You are about to be signed out, as nothing was done here for long. Press any key to stay.")) : ""),
    end: () => signOut(IDLE),
  });
}

function signOut(why) {
  forget();
  forgetTables();
  forgetTests();
  app?.end();
  app = null;
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  showSignIn(why, begin);
}

async function start() {
  useTheme(theme());
  onRefused((error) => app && signOut(sentence(error)));
  if (keptKeyIsOld()) return signOut(IDLE);
  if (!currentKey()) return showSignIn("", begin);
  try {
    useIdentity(await get("/api/me"));
  } catch (error) {
    return signOut(sentence(error));
  }
  return begin();
}

start();
