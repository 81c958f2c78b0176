// What each permission means, from the backend's own list, and in which groups a person looks for them.

let known = null;

const GROUPS = [
  ["Data", ["schema_read", "db_read", "data_export", "db_write", "ai_insights", "ai_chat", "schedules_write"]],
  ["Files", ["files_read", "files_write"]],
  ["Glossary", ["glossary_read", "glossary_write"]],
  ["Connections", ["connections_read", "connections_write", "connections_delete"]],
  ["People and keys", ["users_read", "users_write", "users_delete", "roles_read", "roles_write", "roles_delete", "keys_write"]],
  ["The backend", ["audit_read", "system_admin"]],
];

/** Reads the list once; it is the same for everybody. */
export async function readMeanings() {
  known ??= await (await fetch("/admin/permissions.json", { credentials: "omit" })).json();
  return known;
}

export const meaningOf = (name) => known?.permissions.find((one) => one.name === name)?.meaning ?? "";

/** [group, [name …]] of all that there are, also of those that no group knows. */
export function grouped() {
  const all = (known?.permissions ?? []).map(({ name }) => name);
  const placed = new Set(GROUPS.flatMap(([, names]) => names));
  const rest = all.filter((name) => !placed.has(name));
  const groups = GROUPS.map(([title, names]) => [title, names.filter((name) => all.includes(name))]);
  return [...groups, ["Others", rest]].filter(([, names]) => names.length);
}
