"""A failure told to a model without the cell values that it may quote: in words that the model has already,
and in the plain words of such messages. Which failures, and when, is decided in outgoing.
"""

import re
from collections.abc import Sequence

import msgspec

from shared.llm.base import Message, ModelMessage, ToolAnswers, UserMessage

_TOKEN = re.compile(r"\w+|[ \n.,:;()'\"`*=<>]+|.", re.DOTALL)
_WORD = re.compile(r"\w+")
_HARMLESS = frozenset(" \n.,:;()'\"`*=<>")

_MESSAGE_WORDS = """
a about access aggregate aggregated alias all allowed ambiguous an and answers any are argument arguments
array as at avg be because before between binder boolean by call called can cannot cast catalog clause
column columns compare compared condition connection constant conversation conversion convert converted
could count data database date day deadline decimal did different distinct divide divided division does
double duplicate each else empty end error exist existing exists expected expression failed false few field
file files filter first float for format found from function functions further go group grouped had has have
hint identifier if implicit in incompatible incorrect index inner input instead integer interval into
invalid is it join last leave left length less like limit line long many max may mean memory message min
missing month more must name named names near need new no non not null number numeric of on one only
operator or order out outer over overflow own parameter parser pc permission permitted person position
possible query range read reading referenced refused result right row rows run runs runtime s schema select
selected set should single sort source statement stopped string sum supported syntax table tables tell text
than that the there this time timestamp to today too took type types undefined unexpected union unknown
unsupported use used using value values view was were when where which while with within without write wrong
year yet you zero
"""
_PLAIN = frozenset(_WORD.findall(_MESSAGE_WORDS))


def known_words(system: str, messages: Sequence[Message]) -> frozenset[str]:
    """Every word that these messages hold without their cells, in lower case. A bare number counts only
    when the model or the person wrote it."""
    told = set(_WORD.findall(system.lower()))
    said: set[str] = set()
    for message in messages:
        match message:
            case UserMessage():
                said |= set(_WORD.findall(message.text.lower()))
            case ModelMessage():
                calls = msgspec.json.encode([call.arguments for call in message.calls]).decode()
                said |= set(_WORD.findall(f"{message.text} {calls}".lower()))
            case ToolAnswers():
                continue
    return frozenset(said | {word for word in told if not word.isdigit()})


def said_in_known_words(text: str, known: frozenset[str]) -> str:
    """``text`` with everything else left out, as … in its place."""
    parts: list[str] = []
    for token in _TOKEN.findall(text):
        lower = token.lower()
        if lower in known or lower in _PLAIN or _HARMLESS.issuperset(token):
            parts.append(token)
        elif not parts or parts[-1] != "…":
            parts.append("…")
    return "".join(parts)
