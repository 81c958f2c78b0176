// The sentences of signing in and of the session.

export const PEOPLE = {
  "session.idle": "Are you still there?",
  "session.kept": "What you wrote is kept, and what runs goes on.",
  "session.continue": "Continue",
};
