"""A question as words, numbers and quoted texts, and words in their plain form. Meaning stays outside."""

import re
from functools import lru_cache

import msgspec

MAX_QUESTION = 1_000
"""Characters; a longer text is no question that could be understood word by word."""

# Python's \w knows letters, but not the signs that follow them in Indian scripts.
_WORD = r"[^\W_](?:[^\W_]|[\u0900-\u0963\u0966-\u0dff\u200c\u200d])*"
_PATTERN = re.compile(
    r"""(?P<quoted>"[^"]{1,200}"|“[^”]{1,200}”|(?<!\w)'[^']{1,200}'(?!\w))
      |(?P<iso>\d{4}-\d{2}-\d{2})
      |(?P<number>(?:\d{1,3}(?:,\d{2,3})+|\d+)(?:\.\d+)?(?![\w]))
      |(?P<word>"""
    + _WORD
    + r"""(?:['’](?:s|t|re)\b)?)
      |(?P<mark>%|[<>]=?|=|&|,|-|/|₹)
      |(?P<odd>[^\s?.!;:()"'’“”_])""",
    re.VERBOSE,
)


class Token(msgspec.Struct, frozen=True):
    """``kind``: ``word number iso quoted mark odd``; ``word`` is case-folded, without 's."""

    kind: str
    text: str
    word: str
    start: int
    end: int


def tokenise(question: str) -> list[Token]:
    found: list[Token] = []
    for match in _PATTERN.finditer(question):
        kind = match.lastgroup or "odd"
        text = match.group()
        word = re.sub(r"['’]s$", "", text.casefold())
        if kind == "quoted":
            word = text[1:-1].casefold().strip()
        elif kind == "number":
            word = text.replace(",", "")
        found.append(Token(kind, text, word, match.start(), match.end()))
    return found


@lru_cache(maxsize=16_384)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a value or a name, case-folded: ``T-Shirts`` gives ``("t", "shirts")``."""
    return tuple(t.word for t in tokenise(text) if t.kind in ("word", "number", "iso"))


@lru_cache(maxsize=16_384)
def words_of_name(name: str) -> tuple[str, ...]:
    """The words of an identifier: ``netAmount_2`` gives ``("net", "amount", "2")``."""
    spaced = name.replace("%", " percent ").replace("#", " number ")
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", spaced)
    spaced = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1 \2", spaced)
    return tuple(word.casefold() for word in re.findall(_WORD, spaced))


_IRREGULAR = {"men": "man", "women": "woman", "people": "person", "children": "child", "analyses": "analysis"}
_KEEP = {"status", "bus", "gas", "analysis", "address", "gross", "loss", "class", "process", "less", "this"}


@lru_cache(maxsize=16_384)
def singular(word: str) -> str:
    """Plural to singular by rule; a word that is none stays."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or word in _KEEP or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "ches", "shes", "zes")) and not word.endswith(("ases", "oses", "uses")):
        return word[:-2]
    return word.removesuffix("s")
