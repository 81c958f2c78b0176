"""The hostile questions of questions_*.yaml: what each expects, and whether an answer is the right one.

``expect`` is what a good analyst does, ``also`` what is no mistake either. An answer is right when it
holds what ``sql`` gives (or one of ``sql_also``); a question with ``also: [answered]`` must still be
answered with that. ``trap`` is SQL of a careless reading; its result is never right. ``after`` are the
questions that went before in the conversation. Nothing here knows how an analyst works.
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import duckdb
import msgspec
import yaml

FOLDER = Path(__file__).parent
OUTCOMES = ("answered", "needs_clarification", "cannot_answer")

Rows = Sequence[Sequence[object]]


class HostileQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    question: str
    expect: str
    as_of: date | None = None
    after: list[str] = []
    sql: str = ""
    sql_also: list[str] = []
    trap: str = ""
    ordered: bool = False
    also: list[str] = []
    why: str = ""


class QuestionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    as_of: date
    questions: list[HostileQuestion]

    def day(self, question: HostileQuestion) -> date:
        return question.as_of or self.as_of


def question_files() -> list[QuestionFile]:
    return [
        msgspec.convert(yaml.safe_load(file.read_text(encoding="utf-8")), QuestionFile)
        for file in sorted(FOLDER.glob("questions_*.yaml"))
    ]


def right(db: duckdb.DuckDBPyConnection, question: HostileQuestion, rows: Rows) -> bool:
    """Whether an answer's rows are those of the gold SQL, run over the same data in ``db``."""
    return any(
        same(db.execute(sql).fetchall(), rows, ordered=question.ordered)
        for sql in (question.sql, *question.sql_also)
        if sql
    )


def same(gold: Rows, answer: Rows, *, ordered: bool = False) -> bool:
    """Whether the columns of ``gold`` are among those of ``answer``, row for row.

    Names and the order of columns are not compared, nor is the order of rows unless ``ordered``;
    further columns (a share, a change) are welcome. Numbers agree to nine digits.
    """
    if len(gold) != len(answer):
        return False
    if not gold:
        return True
    wanted = _arranged(gold, ordered=ordered)
    return any(
        _arranged([[row[place] for place in places] for row in answer], ordered=ordered) == wanted
        for places in permutations(range(len(answer[0])), len(gold[0]))
    )


def _arranged(rows: Rows, *, ordered: bool) -> list[list[str]]:
    plain = [[_plain(value) for value in row] for row in rows]
    return plain if ordered else sorted(plain)


def _plain(value: object) -> str:
    match value:
        case bool() | None:
            return str(value)
        case int() | float() | Decimal():
            return f"{float(value):.9g}"
        case datetime():
            return value.date().isoformat() if value.time() == value.time().min else value.isoformat()
        case date():
            return value.isoformat()
        case str():
            text = value.strip().removesuffix("T00:00:00").removesuffix(" 00:00:00")
            return f"{text}-01" if len(text) == 7 and text[:4].isdigit() and text[4] == "-" else text
        case _:
            return str(value)
