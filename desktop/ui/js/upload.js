// Copying a file into the person's own folder, piece by piece: progress, cancel. Draws nothing.

import { post, putPiece, remove } from "./api.js";

const PIECE = 4 * 1024 * 1024;

/** The entry of the copy. ``onProgress(share)`` hears 0 to 1; ``signal`` calls it off, and nothing is left. */
export async function upload(file, onProgress, signal) {
  const { id } = await post("/api/uploads", { name: file.name, size: file.size });
  const path = `/api/uploads/${encodeURIComponent(id)}`;
  try {
    for (let offset = 0; offset < file.size; ) {
      const piece = file.slice(offset, offset + PIECE);
      const { received } = await putPiece(`${path}?offset=${offset}`, piece, signal);
      offset = received;
      onProgress(offset / file.size);
    }
    signal.throwIfAborted();
    return (await post(`${path}/finish`)).file;
  } catch (error) {
    await remove(path).catch(() => undefined);
    throw error;
  }
}

/** What was pasted, as CSV, when it is a table: at least two columns and two rows. */
export function tableOf(clipboard) {
  const text = clipboard.getData("text/plain").replaceAll("\r\n", "\n").replace(/\n+$/, "");
  const rows = cells(text);
  const wide = rows[0]?.length ?? 0;
  if (rows.length < 2 || wide < 2 || rows.some((row) => row.length !== wide)) return null;
  return rows.map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

/** Tabs and lines; a cell with a line in it stands in quotes, as spreadsheets put it on the clipboard. */
function cells(text) {
  const rows = [[]];
  let cell = "";
  let inside = false;
  for (let at = 0; at < text.length; at++) {
    const sign = text[at];
    if (inside && sign === '"' && text[at + 1] === '"') (cell += '"'), at++;
    else if (inside && sign === '"') inside = false;
    else if (inside) cell += sign;
    else if (sign === '"' && cell === "") inside = true;
    else if (sign === "\t") rows.at(-1).push(cell), (cell = "");
    else if (sign === "\n") rows.at(-1).push(cell), rows.push([]), (cell = "");
    else cell += sign;
  }
  rows.at(-1).push(cell);
  return rows;
}

const quoted = (cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
