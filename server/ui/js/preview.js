// Looking through the eyes of a user, a role or a draft of policies. Draws nothing.

import { post } from "./api.js";
import { counted } from "./format.js";
import { mayAll } from "./session.js";

export const mayPreview = () => mayAll("roles_read", "users_read", "schema_read", "db_read");

/** ``who``: {user} or {role} or {policies, attributes}. */
export const schemaAs = (connection, who) => post("/api/preview", { connection, ...who });
export const rowsAs = (connection, who, table, most = 20) => post("/api/preview", { connection, ...who, query: `SELECT * FROM ${table}`, max_rows: most });

const COUNT_SECONDS = 5;

/** What a draft comes to for one table: {fault} or {says}, both sentences. */
export async function look({ connection, table, policies }) {
  if (!mayPreview()) return { says: "It is checked when it is saved." };
  const [attribute] = /\{user\.(\w+)\}/.exec(policies[0].tables[0].rows ?? "")?.slice(1) ?? [];
  try {
    if (table.includes("*")) {
      const { tables } = await post("/api/preview", { connection, policies });
      return { says: `${counted(tables.length, "table fits", "tables fit")}.` };
    }
    if (attribute) {
      const { tables } = await post("/api/preview", { connection, policies });
      return tables.length ? { says: `Understood. Which rows depends on the user’s ${attribute}: try it with “View as”.` } : { fault: unseen() };
    }
    const { rows } = await post("/api/preview", { connection, policies, query: `SELECT count(*) AS n FROM ${table}`, timeout_seconds: COUNT_SECONDS });
    const count = Number(rows[0][0]);
    return { says: `${counted(count, "row is", "rows are")} seen.` };
  } catch (error) {
    if (error.code === "query_timeout") return { says: "Understood. Counting its rows takes long, and was stopped." };
    if (/There is no table called/.test(error.message)) return { fault: unseen() };
    return { fault: error.message };
  }
}

const unseen = () => "Like this the table is not there at all: the condition speaks of a column that the table does not have.";
