"""A step's label once the step is done: "Running SQL on retail" becomes "Ran SQL on retail". Pure."""

_DONE = {
    "Analysing": "Analysed",
    "Drawing": "Drew",
    "Joining": "Joined",
    "Looking": "Looked",
    "Making": "Made",
    "Opening": "Opened",
    "Reading": "Read",
    "Running": "Ran",
    "Scheduling": "Scheduled",
    "Searching": "Searched",
    "Using": "Used",
    "Writing": "Wrote",
}


def done(label: str) -> str:
    """The label itself when it does not begin with a word known here."""
    first, space, rest = label.partition(" ")
    return _DONE.get(first, first) + space + rest
