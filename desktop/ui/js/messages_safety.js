// The sentences of what needs a yes, and of what leaves this PC.

export const SAFETY = {
  "yes.asked": "Waits for your yes: {title}",
  "yes.nothing": "Nothing happens before you say yes.",
  "yes.write": "Yes, write it",
  "yes.schedule": "Yes, schedule it",
  "yes.send": "Yes, send it",
  "yes.open": "Yes, open it",
  "yes.no": "No",
  "yes.preview": "What exactly: {title}",
  "yes.waiting": "Waiting for your yes",
  "yes.elsewhere": "Waits for your yes: {title}",
  "yes.show": "Show",
  "yes.said.yes": "You said yes.",
  "yes.said.no": "You said no. Nothing was done.",
  "yes.said.stopped": "Stopped before you said yes. Nothing was done.",
  "yes.said.lapsed": "It ended before you said yes, which counts as a no. Nothing was done.",
};
