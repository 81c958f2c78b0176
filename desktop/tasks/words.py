"""A task in one sentence: "every weekday at 9 send me sales by zone as Excel". Deterministic.

When, format, folder and condition are taken out by their words; what is left is the question, which somebody
else reads. What is missing or not understood is asked back, never guessed. Pure.
"""

import re
from collections.abc import Sequence

import msgspec

from desktop.events import Choice
from desktop.store.tasks import Condition, Format, Saving, Timetable
from desktop.tasks import condition_words, when_words
from desktop.tasks.answering import Folder

_VERB = (
    r"send|deliver|tell|show|give|get|notify|alert|inform|remind|warn|ping|let|save|export|report|run|check"
    r"|schedule|mail|email|e-mail|whatsapp|sms|message|text"
)
_DELIVERS = re.compile(
    r"\b(?:send|deliver|notify|alert|inform|remind|warn|ping|save|export|schedule|mail|email|e-mail|whatsapp)\b",
    re.IGNORECASE,
)
_ASKS = re.compile(r"(?:what|how|which|who|why|when|where|did|does|is|are|was|were)\b", re.IGNORECASE)
_LEADS = re.compile(rf"[\s,]*(?:please\s+)?(?:{_VERB})\b", re.IGNORECASE)
_CANNOT = re.compile(r"\b(e-?mail|mail|whatsapp|sms)\b(?!\s+(?:address|id|column))", re.IGNORECASE)
_FORMAT = re.compile(
    r"(?:\b(?:as|in|into|to)\s+)(?:an?\s+)?(?P<format>excel|xlsx?|spreadsheet|csv|markdown|md)\b(?:\s+(?:file|sheet|workbook|format))?",
    re.IGNORECASE,
)
_FORMATS: dict[str, Format] = {"csv": "csv", "markdown": "md", "md": "md"}
_LEAD = re.compile(
    r"^(?:(?:please|kindly|can\s+you|could\s+you|would\s+you|i\s+want\s+(?:you\s+)?to|i\s+(?:want|need)|i'd\s+like(?:\s+you)?(?:\s+to)?)\s+)*"
    rf"(?:(?:{_VERB})\b\s*(?:(?:me|us|know)\b\s*)*)?"
    r"(?:(?:a|an|the)\s+(?:report|task|summary|update|list|file|sheet|table)\s+(?:of|about|on|with|for|that\s+(?:shows|has|asks|runs))\s+)?"
    r"(?:(?:about|with|that|of)\s+)?",
    re.IGNORECASE,
)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Understood. ``frame`` is the sentence with ``{question}`` in place of the question."""

    question: str
    timetable: Timetable
    frame: str
    saving: Saving | None = None
    condition: Condition | None = None


class Unclear(msgspec.Struct, frozen=True):
    """What to ask back; each choice is a whole sentence. ``lacks_folder``: none is granted to save into."""

    text: str
    choices: list[Choice] = []
    lacks_folder: bool = False


def read(sentence: str, folders: Sequence[Folder]) -> Wanted | Unclear | None:
    """None when it is a question and no task."""
    text = " ".join(sentence.split()).strip(" .!?")
    said = condition_words.find(text)
    rest = (
        text
        if said is None
        else text[: said.span[0]] + " " * (said.span[1] - said.span[0]) + text[said.span[1] :]
    )
    when = when_words.find(rest)
    if when is None or not (_is_task(rest, when) or (said is not None and when.strong)):
        return None
    if when.timetable is None:
        return _asked_when(text, when)
    if said is not None and said.condition is None:
        return Unclear(
            f"I don't understand the condition “{said.words}”. Say it like “if it falls by 10 %”, "
            "“when a zone falls more than 3 %” or “if it is below 5 lakh”."
        )
    cannot = _CANNOT.search(rest)
    if cannot is not None:
        instead = f"{text[: cannot.start()]}tell{text[cannot.end() :]}"
        return Unclear(
            "I can't send mail or messages. I can tell you on this PC, and save a file in a folder.",
            [Choice("Tell me on this PC", instead)],
        )
    return _saving(text, rest, when, said, folders)


def _is_task(rest: str, when: when_words.When) -> bool:
    """``daily sales by zone`` is a question; ``daily at 9``, ``send me … every day`` and what begins with
    ``every 2 hours`` are not."""
    if _ASKS.match(rest) and not _DELIVERS.search(rest):
        return False
    begins = when.strong and not rest[: when.spans[0][0]].strip(" ,")
    if begins and when.timetable is not None and when.timetable.kind == "interval":
        return True
    if when.timed or (when.strong and _LEADS.match(rest[max(end for _, end in when.spans) :])):
        return True
    return bool(_DELIVERS.search(rest)) and (
        when.strong or bool(re.match(r"\s*(?:daily|weekly|monthly|hourly)\b", rest, re.IGNORECASE))
    )


def _asked_when(text: str, when: when_words.When) -> Unclear:
    start, end = when.spans[0]
    without = text
    for first, last in sorted(when.spans, reverse=True):
        words = "\0" if (first, last) == (start, end) else ""
        without = without[:first] + words + without[last:]
    keeps_time = when.timed and not any(" at " in words for _, words in when.choices)
    time = f" {text[slice(*when.spans[1])].strip()}" if keeps_time and len(when.spans) > 1 else ""
    choices = [
        Choice(label, " ".join(without.replace("\0", f"{words}{time}").split()))
        for label, words in when.choices
    ]
    return Unclear(when.ask, choices)


def _saving(
    text: str, rest: str, when: when_words.When, said: condition_words.Said | None, folders: Sequence[Folder]
) -> Wanted | Unclear:
    spans = [*when.spans, *([said.span] if said else [])]
    format_ = _FORMAT.search(rest)
    found = _folder(rest, folders)
    named = [folder for folder, _ in found]
    saving: Saving | None = None
    if format_ is not None or named:
        if not folders:
            return Unclear(
                "No folder is granted for saving yet. Grant one on the page Files, then ask again.",
                lacks_folder=True,
            )
        if len(folders) > 1 and len(named) != 1:
            choices = [Choice(f.name, f"{text} in the folder “{f.name}”") for f in folders[:6]]
            return Unclear("In which folder should it be saved?", choices if not named else [])
        kind: Format = "xlsx" if format_ is None else _FORMATS.get(format_["format"].casefold(), "xlsx")
        saving = Saving(format=kind, folder=(named or list(folders))[0].id)
        spans += [format_.span()] if format_ else []
        spans += [span for _, span in found]
    question = _question(rest, spans)
    if not question:
        return Unclear("What should it ask? Say for example: every weekday at 9 send me sales by zone.")
    pieces = [when.words[:1].upper() + when.words[1:], "tell me {question}"]
    pieces += [rest[slice(*span)].strip() for span in ([format_.span()] if format_ and saving else [])]
    pieces += [f"in the folder “{folder.name}”" for folder in named]
    pieces += [said.words] if said else []
    return Wanted(
        question=question,
        timetable=when.timetable or Timetable(kind="daily"),
        frame=" ".join(pieces),
        saving=saving,
        condition=said.condition if said else None,
    )


def _folder(text: str, folders: Sequence[Folder]) -> list[tuple[Folder, tuple[int, int]]]:
    found = []
    for folder in folders:
        pattern = (
            r"(?:,?\s*(?:and\s+)?(?:save|put|store|keep)\s+(?:it|them|this)\s+)?\b(?:in|into|to)\s+(?:the\s+|my\s+)?(?:folder\s+)?"
            rf"[\"“”']?{re.escape(folder.name)}[\"“”']?(?:\s+folder)?(?!\w)"
        )
        hit = re.search(pattern, text, re.IGNORECASE)
        if hit is not None:
            found.append((folder, hit.span()))
    return found


def _question(text: str, spans: Sequence[tuple[int, int]]) -> str:
    for start, end in spans:
        text = text[:start] + " " * (end - start) + text[end:]
    left = " ".join(text.split())
    left = re.sub(r"^[\s,;:]*(?:and\s+)?", "", left)
    left = _LEAD.sub("", left)
    left = re.sub(r"[\s,;:]*(?:\b(?:and|but|only|then)\b)?[\s,;:]*$", "", left)
    left = re.sub(r"\s+([,;])", r"\1", left)
    return left.strip()
