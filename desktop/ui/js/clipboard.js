// Copying text and saving files: what works in a browser, and what the program's own window needs.

import { post } from "./api.js";
import { copy } from "./copy.js";
import { h } from "./dom.js";
import { t } from "./messages.js";
import { state } from "./state.js";
import { toast } from "./toast.js";

export const copyText = (text, done = t("copied")) => copy(text, done);

/** Save a result as a file. The program's window cannot download, so the program opens its own dialog. */
export async function saveResult(resultId, format) {
  if (!state.native) return download(`/api/results/${encodeURIComponent(resultId)}/export?format=${format}`);
  const saved = await nativeSave({ result_id: resultId, format });
  if (saved) toast(t("card.saved", { name: saved }));
  return undefined;
}

export async function saveConversation(id, format = "md") {
  if (!state.native) return download(`/api/conversations/${encodeURIComponent(id)}/export?format=${format}`);
  if (await nativeSave({ conversation_id: id, format })) toast(t("top.exported"));
  return undefined;
}

export async function savePicture(name, url) {
  if (!state.native) return download(url, name);
  const saved = await nativeSave({ name, picture: url });
  if (saved) toast(t("card.saved", { name: saved }));
  return undefined;
}

/** What was shown, as it was shown. */
export async function saveDiagnostics() {
  if (!state.native) return download("/api/diagnostics/file");
  const saved = await nativeSave({ diagnostics: true });
  if (saved) toast(t("card.saved", { name: saved }));
  return undefined;
}

/** The name of the file, or an empty text when nothing was saved. */
async function nativeSave(what) {
  try {
    return (await post("/api/save", what, 0)).saved;
  } catch (error) {
    toast(error.message);
    return "";
  }
}

/** The program's own window would show the file in place of itself, so there it is not tried. */
function download(url, name = "") {
  if (window.pywebview) {
    toast(t("save.unable"));
    return;
  }
  const link = h("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
}
