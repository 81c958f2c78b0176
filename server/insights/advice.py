"""Options in sentences, with their effect, range and assumptions. Nothing is computed here."""

import msgspec

from server.insights.findings import Facts
from server.insights.narrate import narrate, opening
from server.insights.option import Option
from server.insights.options import resting_on
from server.insights.words import amount, day, name, percent
from shared.wire import Analysis, Effect, Recommendation

_TOLD_GROUPS = 5
NOTHING = "The data supports no option: no group or time stands out that could be brought back to its usual."


def advise(facts: Facts, found: list[Option]) -> Analysis:
    """Ranked by what they would bring; the insights are those that they rest on."""
    resting = msgspec.structs.replace(facts, findings=resting_on(found, facts))
    analysis = narrate(resting)
    told = [_recommendation(one, number, facts) for number, one in enumerate(found, 1)]
    best = [f"{one.action} {one.rationale}" for one in told[:2]]
    return msgspec.structs.replace(
        analysis,
        summary=" ".join([opening(facts), *(best or [NOTHING])]),
        recommendations=told,
        facts=msgspec.to_builtins(facts),
    )


def _recommendation(one: Option, number: int, facts: Facts) -> Recommendation:
    action, assumptions = _told(one)
    total = next((abs(c.total) for c in facts.columns if c.name == one.measure and c.total), 0.0)
    part = one.expected / total if total else 0.0
    return Recommendation(
        action,
        _rationale(one),
        "high" if part >= 0.01 else "medium" if part >= 0.002 else "low",
        Effect(one.measure, one.expected, one.low, one.high, one.first, one.last, saved=_saves(one)),
        assumptions,
        {
            "option": f"o{number}",
            "kind": one.kind,
            "facts": one.facts,
            "grouping": one.grouping,
            "groups": one.groups,
            "figures": {**one.figures, "groups": float(len(one.groups))},
            **({"sql": one.sql} if one.sql else {}),
        },
    )


def _saves(one: Option) -> bool:
    return one.kind in ("rate", "leak")


def _rationale(one: Option) -> str:
    verb = "would have been less" if _saves(one) else "would have been more"
    return (
        f"{_capital(name(one.measure))} {verb} by about {amount(one.measure, one.expected)} "
        f"({amount(one.measure, one.low)} to {amount(one.measure, one.high)}) "
        f"from {day(one.first)} to {day(one.last)}."
    )


def _told(one: Option) -> tuple[str, list[str]]:
    groups = ", ".join(one.groups[:_TOLD_GROUPS])
    if len(one.groups) > _TOLD_GROUPS:
        groups += f" and others, {len(one.groups)} in all"
    of = name(one.grouping)
    match one.kind:
        case "lift":
            return (
                f"Bring the weakest {_plural(of)} nearer to the middle one: {groups}.",
                [
                    f"They can reach what the middle {of} sells, "
                    f"{amount(one.measure, one.figures['middle_a_week'])} a week; "
                    "size and place are not in the data.",
                    "Half of the gap is expected, a quarter is the cautious guess, all of it the most.",
                    "They were among the weakest in both halves of the time, so it is hardly chance.",
                ],
            )
        case "rate":
            return (
                f"Bring {name(one.measure)} down to the norm where it is above it: {groups}.",
                [
                    f"The middle {of} has {percent(one.figures['norm_percent'])}; the highest here "
                    f"{percent(one.figures['highest_percent'])}.",
                    "Sales stay as they are when the rate falls.",
                ],
            )
        case "shelf":
            return (
                f"See that {groups} does not stand still again.",
                [
                    f"It would have had its usual {percent(one.figures['usual_percent'])} of what the "
                    "others sold.",
                    "A quarter of that was perhaps bought otherwise; the cautious guess says half.",
                ],
            )
        case "leak":
            return (
                f"Find out what raised {name(one.measure)} in {groups}, and see that it does not come again.",
                [
                    f"It was {percent(one.figures['value_percent'])} where "
                    f"{percent(one.figures['usual_percent'])} "
                    "was usual there and then.",
                    "The same would have been sold without it.",
                ],
            )
        case "pace":
            return (
                f"Find out what holds {groups} back, and bring it to the pace of the rest.",
                [
                    f"The rest of {of} rose by {percent(one.figures['rest_percent'])}; its market allows "
                    "the same.",
                    "Half of the gap is expected, a quarter is the cautious guess, all of it the most.",
                ],
            )
    return (
        "Give one point less discount.",
        [
            f"It is {percent(one.figures['discount_percent'])} of the price now.",
            "Pieces follow discount as they did within each group in the past, beyond what all did in that "
            "week.",
            "Nothing else changes with it; margins are not in the data.",
        ],
    )


def _plural(word: str) -> str:
    return f"{word[:-1]}ies" if word.endswith("y") else word if word.endswith("s") else f"{word}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
