// Talking to the backend with the signed-in key. Draws nothing.

import { currentKey } from "./session.js";
import { ApiError, decode, failure, query } from "./wire.js";

export const get = (path, values) => call("GET", address(path, values));
export const post = (path, body = {}) => call("POST", path, body);
export const put = (path, body) => call("PUT", path, body);
export const remove = (path, values) => call("DELETE", address(path, values));
export const at = (...parts) => `/api/${parts.map(encodeURIComponent).join("/")}`;

const address = (path, values) => {
  const text = values ? query(values) : "";
  return text ? `${path}?${text}` : path;
};

let refused = () => {};

/** What happens when the key is no longer good. */
export function onRefused(act) {
  refused = act;
}

async function call(method, path, body) {
  const text = await (await send(method, path, body)).text();
  return decode(text);
}

/** The answer as text: what is not JSON. */
export const text = async (path) => (await send("GET", path)).text();

/** The answer as a file, and the name that the backend gave it. */
export async function file(path, values) {
  const response = await send("GET", address(path, values));
  const name = /filename="?([^";]+)"?/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
  return { blob: await response.blob(), name };
}

export async function send(method, path, body, key = currentKey()) {
  const headers = { Authorization: `Bearer ${key}` };
  const options = { method, headers, cache: "no-store", credentials: "omit", redirect: "error" };
  if (body !== undefined) {
    headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError("The backend does not answer.", { code: "backend_gone", details: "Look whether it runs, and try again." });
  }
  if (response.ok) return response;
  const error = await failure(response);
  if (response.status === 401 && key === currentKey() && key) refused(error);
  throw error;
}

/** A failure in one text: what happened, and what helps. */
export function sentence(error) {
  const wait = error.retryAfter ? `Try again in ${error.retryAfter} s.` : "";
  return [error.message, error.details, error.details?.includes("again") ? "" : wait].filter(Boolean).join(" ");
}
