// The events of a turn, as desktop/events.py lists them, each to the part of a turn that shows it.
// A stored conversation is drawn through the same switch as a running one.

import { steppedIn } from "./stepped_in.js";

export function show(event, turn) {
  switch (event.event) {
    case "turn_started":
      return turn.started(event);
    case "step_started":
      return turn.steps.started(event);
    case "step_finished":
      return turn.steps.finished(event);
    case "stepped_in":
      return steppedIn(turn, event);
    case "text":
      return turn.say(event.html);
    case "result":
      return turn.addResult(event);
    case "insight":
      return turn.addInsight(event);
    case "clarification":
      return turn.askBack(event);
    case "follow_ups":
      return turn.suggest(event.questions);
    case "open_place":
      return turn.offerPlace(event.place);
    case "approval_asked":
      return turn.approvals.asked(event);
    case "approval_answered":
      return turn.approvals.answered(event);
    case "queued":
      return turn.waiting.queued(event);
    case "changed":
      return turn.waiting.changed(event);
    case "sent":
      return turn.metered(event);
    case "turn_failed":
      return turn.failed(event);
    case "turn_finished":
      return turn.finished(event);
    default:
      // A newer agent may know more than this page; what it cannot show it leaves out.
      return undefined;
  }
}
