// Whether an answer was good: two buttons, of which one is on at most. Kept by the agent.

import { put } from "./api.js";
import { h, iconButton } from "./dom.js";
import { t } from "./messages.js";
import { toast } from "./toast.js";

export function ratingButtons(turn) {
  const rate = async (value) => {
    const before = turn.rating;
    turn.rating = before === value ? null : value;
    mark();
    try {
      await put(`/api/turns/${encodeURIComponent(turn.id)}/rating`, { rating: turn.rating });
      if (turn.rating === "bad") toast(t("turn.thanks"));
    } catch (error) {
      turn.rating = before;
      mark();
      toast(t("failed", { why: error.message }));
    }
  };
  const presses = ["good", "bad"].map((value) => iconButton(value, t(`turn.${value}`), () => rate(value)));
  const mark = () => presses.forEach((press, at) => press.setAttribute("aria-pressed", String(turn.rating === ["good", "bad"][at])));
  mark();
  return h("span", { class: "row rating" }, presses);
}
