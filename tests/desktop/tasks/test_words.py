"""Sentences that make tasks, sentences that are questions, and what is asked back. Every row is one story."""

from typing import Any

import pytest

from desktop.store.tasks import Condition, Saving, Timetable
from desktop.tasks.answering import Folder
from desktop.tasks.words import Unclear, Wanted, read

ONE = [Folder(id="f1", name="Reports", path="/home/anita/Reports")]
TWO = [*ONE, Folder(id="f2", name="Sales files", path="/home/anita/Sales")]
WEEK = [0, 1, 2, 3, 4]

UNDERSTOOD: list[tuple[str, str, dict[str, Any]]] = [
    ("every weekday at 9 send me sales by zone as Excel", "sales by zone", {"days": WEEK, "saves": "xlsx"}),
    ("Send me net sales by zone every Monday at 8:30 am", "net sales by zone", {"at": "08:30", "days": [0]}),
    ("please tell me sales by city on weekdays at 9.15", "sales by city", {"at": "09:15", "days": WEEK}),
    ("every Mon, Wed and Fri at 7pm tell me returns", "returns", {"at": "19:00", "days": [0, 2, 4]}),
    ("mondays and thursdays at 10 tell me sales", "sales", {"at": "10:00", "days": [0, 3]}),
    ("every weekend at noon tell me sales", "sales", {"at": "12:00", "days": [5, 6]}),
    ("daily at 21:00 notify me of stock-outs", "stock-outs", {"at": "21:00"}),
    ("each day at 12 am tell me sales", "sales", {"at": "00:00"}),
    ("on the 1st of every month at 9 send me sales by store", "sales by store", {"at": "09:00", "day": 1}),
    ("monthly on the 31st at 6 pm tell me sales", "sales", {"at": "18:00", "day": 31}),
    ("at the end of every month at 18:00 tell me sales", "sales", {"at": "18:00", "day": 31}),
    ("send me sales every 2 hours", "sales", {"every": 120}),
    ("every half an hour tell me sales", "sales", {"every": 30}),
    ("every 2 hours net sales by city", "net sales by city", {"every": 120}),
    ("Every 30 minutes, sales as CSV", "sales", {"every": 30, "saves": "csv"}),
    (
        "please schedule a report of sales by zone every day at noon, save it in Reports as csv",
        "sales by zone",
        {"at": "12:00", "saves": "csv"},
    ),
    (
        "Every weekday at 9am, let me know sales by city and save it to Reports as markdown",
        "sales by city",
        {"days": WEEK, "saves": "md"},
    ),
    (
        "every day at 9 tell me total sales only if it falls by 10 %",
        "total sales",
        {"if": Condition(kind="falls", amount="10", percent=True, inclusive=True)},
    ),
    (
        "daily at 18:00 tell me net sales by zone when a zone falls more than 3 %",
        "net sales by zone",
        {"at": "18:00", "if": Condition(kind="falls", amount="3", percent=True, any_row=True)},
    ),
    (
        "tell me sales every 30 minutes if they are below 5 lakh",
        "sales",
        {"every": 30, "if": Condition(kind="below", amount="500000")},
    ),
    (
        "every day at 9 tell me sales when sales exceed 1,50,00,000",
        "sales",
        {"if": Condition(kind="above", amount="15000000")},
    ),
    (
        "if any store drops at least 5 lakh, notify me every day at 9 of sales by store",
        "sales by store",
        {"if": Condition(kind="falls", amount="500000", any_row=True, inclusive=True)},
    ),
    ("every day at 9 tell me stock-outs if there are any", "stock-outs", {"if": Condition(kind="rows")}),
]  # fmt: skip
QUESTIONS = [
    "net sales by zone",
    "daily sales by zone",
    "show me weekly sales",
    "monthly sales by zone last year",
    "sales for every month",
    "hourly sales by store",
    "net sales for every 2 hours",
    "tell me sales every month",
    "sales by weekday",
    "what were sales at 9 every day",
    "how many stores sold more than 5 lakh every day",
    "top 10 stores if sales are above 5 lakh",
    "",
]
ASKED_BACK = [
    ("every week send me sales", "which day of the week", "every Monday send me sales"),
    (
        "every month at 9 send me sales",
        "which day of the month",
        "on the 1st of every month at 9 send me sales",
    ),
    ("every weekday send me sales", "what time", "every weekday at 09:00 send me sales"),
    ("every evening send me sales", "what time", "every evening at 18:00 send me sales"),
    (
        "every weekday at 5 send me sales",
        "morning or in the afternoon",
        "every weekday at 05:00 send me sales",
    ),
    ("every day at 25 send me sales", "no time of day", "every day at 09:00 send me sales"),
    ("every day at 9:75 am send me sales", "no time of day", "every day at 09:00 send me sales"),
    ("every other day at 9 send me sales", "every day, on chosen days", "every day at 9 send me sales"),
    ("every quarter send me sales", "once a month at the longest", "every day send me sales"),
    ("every 2 minutes send me sales", "five minutes at most", "every 5 minutes send me sales"),
    ("every 2 hours at 9 send me sales", "once a day at that time", "every day at 9 send me sales"),
    ("email me sales every day at 9", "can't send mail", "tell me sales every day at 9"),
    ("every day at 9 tell me sales when the moon is full", "don't understand the condition", ""),
    ("every day at 9 tell me sales if a rocket falls by 10 %", "don't understand the condition", ""),
    ("every weekday at 9", "What should it ask", ""),
]


@pytest.mark.parametrize(("sentence", "question", "facts"), UNDERSTOOD, ids=lambda it: str(it)[:40])
def test_a_sentence_makes_a_task(sentence: str, question: str, facts: dict[str, Any]) -> None:
    wanted = read(sentence, ONE)
    assert isinstance(wanted, Wanted)
    assert wanted.question == question
    if "every" in facts:
        assert wanted.timetable == Timetable(kind="interval", every_minutes=facts["every"])
    else:
        kind = "monthly" if "day" in facts else "weekly" if "days" in facts else "daily"
        expected = Timetable(
            kind=kind,  # type: ignore[arg-type]  # one of its kinds
            at=facts.get("at", "09:00"),
            days=facts.get("days", []),
            day=facts.get("day", 1),
        )
        assert wanted.timetable == expected
    assert wanted.condition == facts.get("if")
    assert wanted.saving == (Saving(format=facts["saves"], folder="f1") if "saves" in facts else None)


@pytest.mark.parametrize("sentence", QUESTIONS)
def test_a_question_stays_a_question(sentence: str) -> None:
    assert read(sentence, ONE) is None


@pytest.mark.parametrize(("sentence", "asks", "first"), ASKED_BACK)
def test_what_is_missing_is_asked_for(sentence: str, asks: str, first: str) -> None:
    unclear = read(sentence, ONE)
    assert isinstance(unclear, Unclear)
    assert asks in unclear.text
    assert [choice.question for choice in unclear.choices][:1] == ([first] if first else [])


@pytest.mark.parametrize(("sentence", "asks", "first"), [row for row in ASKED_BACK if row[2]])
def test_a_choice_leads_on_to_a_task_in_the_end(sentence: str, asks: str, first: str) -> None:
    outcome = read(first, ONE)
    for _ in range(3):
        if isinstance(outcome, Unclear):
            outcome = read(outcome.choices[0].question, ONE)
    assert isinstance(outcome, Wanted)
    assert outcome.question == "sales"


def test_of_several_folders_the_one_that_is_named_is_taken_and_otherwise_asked_for() -> None:
    named = read("every day at 9 send me sales as csv in Sales files", TWO)
    assert isinstance(named, Wanted)
    assert named.saving == Saving(format="csv", folder="f2")
    unclear = read("every day at 9 send me sales as Excel", TWO)
    assert isinstance(unclear, Unclear)
    chosen = [read(choice.question, TWO) for choice in unclear.choices]
    assert [each.saving.folder for each in chosen if isinstance(each, Wanted) and each.saving] == ["f1", "f2"]


def test_without_a_granted_folder_a_file_is_not_promised() -> None:
    unclear = read("every day at 9 send me sales as Excel", [])
    assert isinstance(unclear, Unclear)
    assert "Grant one on the page Files" in unclear.text


def test_the_frame_is_the_sentence_for_another_reading_of_its_question() -> None:
    wanted = read("every weekday at 9 send me sales by zone as Excel if a zone falls more than 3 %", ONE)
    assert isinstance(wanted, Wanted)
    again = read(wanted.frame.replace("{question}", "net sales by zone"), ONE)
    assert isinstance(again, Wanted)
    assert again.question == "net sales by zone"
    assert (again.timetable, again.saving, again.condition) == (
        wanted.timetable,
        wanted.saving,
        wanted.condition,
    )
