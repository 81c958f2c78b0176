"""Questions that no single figure answers: why, what stands out, what comes, what to do. Words in, their
kind and what they are about out; what that means in the data is read like any other question.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

Goal = Literal["change", "stands_out", "forecast", "recommend"]

_DOWN = (
    "fall|fell|fallen|falling|drop|dropped|decline|declined|declining|decrease|decreased|go down|gone down|"
    "went down|down|lower|low|shrink|shrunk|gir|gire|giri|kam"
)
_UP = (
    "rise|rose|risen|rising|grow|grew|grown|growing|increase|increased|go up|gone up|went up|up|higher|high|"
    "badh|badhi|badhe"
)
_EITHER = "change|changed|move|moved"
_WAY = f"(?P<way>{_DOWN}|{_UP}|{_EITHER})"
_NOUN = "(?P<way>fall|drop|decline|decrease|dip|rise|growth|increase|jump|change)"
_AHEAD = (
    r"(?:(?:for|in|over|of|during)\s+)?(?:the\s+)?(?:next|coming)\s+(?:(?P<count>\d{1,3})\s+)?"
    r"(?P<unit>day|week|month|quarter)s?"
)
_PATTERNS: tuple[tuple[Goal, str], ...] = (
    (
        "change",
        r"(?:why|how come|kyu|kyun|kyon)\s+(?:(?:did|do|does|have|has|had|are|is|was|were)\s+)?"
        rf"(?P<topic>.+?)\s+{_WAY}\b\s*(?P<rest>.*)",
    ),
    ("change", rf"(?P<topic>.+?)\s+(?:kyu|kyun|kyon)\s+{_WAY}\b\s*(?P<rest>.*)"),
    (
        "change",
        r"(?:what\s+(?:caused|drove|explains|is behind|was behind)|explain)\s+"
        rf"(?:the\s+)?{_NOUN}\s+(?:in|of)\s+(?P<topic>.+)",
    ),
    (
        "stands_out",
        r"(?:(?:is|does|was)\s+)?(?:there\s+)?(?:what|anything)\s+(?:else\s+)?(?:stands?\s+out|stood\s+out|(?:is\s+|was\s+|looks?\s+)?(?:unusual|odd|strange|wrong|special))\s+(?:in|with|about|for)\s+(?P<topic>.+)",
    ),
    (
        "stands_out",
        r"(?:(?:find|show|list|give|are\s+there|see)\s+)?(?:me\s+)?(?:any\s+|the\s+)?(?:anomal(?:y|ies)|outliers?|insights?|surprises?)\s+(?:in|about|for|on|of|into)\s+(?P<topic>.+)",
    ),
    ("stands_out", r"analy[sz]e\s+(?P<topic>.+)"),
    ("forecast", rf"(?:forecast|predict|project|estimate)\s+(?P<topic>.+?)(?:\s+{_AHEAD})?"),
    (
        "forecast",
        rf"(?:what|how\s+(?:much|many))\s+will\s+(?:(?:be\s+)?(?:the|our)\s+)?(?P<topic>.+?)\s+(?:be|come\s+to)(?:\s+{_AHEAD})?",
    ),
    ("forecast", rf"(?P<topic>.+?)\s+(?:forecast|prediction|projection)(?:\s+{_AHEAD})?"),
    ("forecast", rf"(?:forecast|prediction|projection)\s+(?:of|for)\s+(?P<topic>.+?)(?:\s+{_AHEAD})?"),
    (
        "recommend",
        r"what\s+(?:should|can|could|must|shall)\s+(?:we|i)\s+do\s+(?:about|for|with|to\s+(?:improve|increase|raise|reduce|cut))\s+(?P<topic>.+)",
    ),
    (
        "recommend",
        r"how\s+(?:can|could|do|should|to)\s+(?:(?:we|i)\s+)?(?:improve|increase|raise|fix|reduce|cut|lower)\s+(?P<topic>.+)",
    ),
    (
        "recommend",
        r"(?:what\s+(?:do|would)\s+you\s+(?:recommend|suggest|advise)|recommend|suggest|advise)(?:\s+(?:something|actions?|options?|what\s+to\s+do))?\s+(?:about|for|on|to\s+improve)\s+(?P<topic>.+)",
    ),
)
_COMPILED = tuple((goal, re.compile(rf"{pattern}", re.IGNORECASE)) for goal, pattern in _PATTERNS)
_POLITE = re.compile(r"(?i)^(?:please|pls|hey|ok|so|and|can you|could you)[\s,]+")
_ARTICLE = re.compile(r"(?i)^(?:the|our|my|all)\s+")


class Wonder(msgspec.Struct, frozen=True):
    """``topic`` is a question of its own: "sales in October". ``direction``: -1 fell, 1 rose, 0 not said.
    ``ahead`` counts ``unit``s to come."""

    goal: Goal
    topic: str
    direction: int = 0
    ahead: int = 0
    unit: str = ""

    def asked_about(self, topic: str) -> str:
        """The same question about something else, for a choice."""
        asked: dict[Goal, Callable[[], str]] = {
            "change": lambda: f"why did {topic} {('fall', 'change', 'rise')[self.direction + 1]}",
            "stands_out": lambda: f"what stands out in {topic}",
            "forecast": lambda: f"forecast {topic} for the next {self.ahead or 28} {self.unit or 'day'}s",
            "recommend": lambda: f"what should we do about {topic}",
        }
        return asked[self.goal]()


def wonder(question: str) -> Wonder | None:
    """None when it is a question for a figure."""
    text = " ".join(question.split()).strip(" ?.!")
    text = _POLITE.sub("", text)
    for goal, pattern in _COMPILED:
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = found.groupdict()
        topic = " ".join(part for part in (parts["topic"], parts.get("rest")) if part).strip(" ,")
        topic = _ARTICLE.sub("", topic)
        if not topic:
            continue
        return Wonder(
            goal,
            topic,
            _direction(parts.get("way") or ""),
            int(parts.get("count") or (1 if parts.get("unit") else 0)),
            (parts.get("unit") or "").lower(),
        )
    return None


def _direction(way: str) -> int:
    if re.fullmatch(f"{_DOWN}|dip", way, re.IGNORECASE):
        return -1
    return 1 if re.fullmatch(f"{_UP}|growth|jump", way, re.IGNORECASE) else 0
