// The tables of connections, read once for as long as the session lasts. Draws nothing.

import { at, get } from "./api.js";

const known = new Map();

/** [{name, columns: [{name, type}]}]; throws what reading the schema throws. */
export function tablesOf(connection) {
  if (!known.has(connection)) {
    const reading = get(at("schema", connection)).then(({ tables }) => tables);
    reading.catch(() => known.delete(connection));
    known.set(connection, reading);
  }
  return known.get(connection);
}

export const forgetTables = () => known.clear();
