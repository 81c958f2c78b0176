"""Facts told by templates: the most important first, each claim with the finding that it rests on."""

import msgspec

from server.insights.findings import (
    Correlated,
    Diverged,
    Dominant,
    Driven,
    Facts,
    Finding,
    Forecast,
    Gap,
    Missing,
    Moved,
    Outlying,
    PriceVolumeMix,
    Repeated,
    Seasonal,
    Strange,
    Unusual,
    UnusualRate,
)
from server.insights.sentences import said
from server.insights.words import amount, day, figure, name, span
from shared.wire import Analysis, Insight, Recommendation

_MOST = 16
_RANK = {"high": 0, "medium": 1, "low": 2}
NOTHING = "Nothing stands out."


def narrate(facts: Facts, asked: frozenset[str] = frozenset()) -> Analysis:
    """The most important first; ``asked`` are types of insights that the reader wants to see above all."""
    strongest = sorted(facts.findings, key=_strength, reverse=True)
    told = [(_insight(finding, asked), _advice(finding)) for finding in strongest]
    told.sort(key=lambda one: (one[0].type not in asked, _RANK[one[0].importance]))
    told = told[:_MOST]
    advice: dict[str, Recommendation] = {}
    for insight, action in told:
        if action is not None and insight.importance != "low":
            advice.setdefault(action, Recommendation(action, insight.description, insight.importance))
    return Analysis(
        summary=_summary(facts, [insight for insight, _ in told]),
        insights=[insight for insight, _ in told],
        recommendations=list(advice.values())[:5],
        facts=msgspec.to_builtins(facts),
    )


def opening(facts: Facts) -> str:
    """What was looked at, in a sentence."""
    if not facts.rows:
        return "There are no rows, so there is nothing to say."
    parts = [f"{figure(facts.rows)} row{'' if facts.rows == 1 else 's'}"]
    time = next((column for column in facts.columns if column.role == "time"), None)
    if time is not None and time.first and time.last:
        parts.append(f"from {day(time.first)} to {day(time.last)}")
    totals = [column for column in facts.columns if column.total is not None]
    if totals:
        largest = max(totals, key=lambda column: abs(column.total or 0))
        parts.append(f"with {name(largest.name)} of {amount(largest.name, largest.total or 0)} in all")
    cut = " There were more rows; only these were looked at." if facts.truncated else ""
    return " ".join(parts) + "." + cut


def _summary(facts: Facts, insights: list[Insight]) -> str:
    if not facts.rows:
        return opening(facts)
    told = [insight.description for insight in insights if insight.importance != "low"][:3]
    return " ".join([opening(facts), *(told or [NOTHING])])


def _strength(finding: Finding) -> float:  # noqa: PLR0911 - one kind after the other
    """How far from chance, roughly in standard deviations, to put the surest first."""
    match finding:
        case Unusual() | UnusualRate() | Outlying() | Diverged():
            return abs(finding.distance)
        case Moved():
            return 2 * abs(finding.percent) / max(finding.plus_minus, 0.1)
        case Gap():
            return float(10 + finding.days)
        case Repeated():
            return float(10 + finding.repeats)
        case Forecast():
            return 1_000.0
        case Driven():
            return (900.0 if finding.follows else 950.0) + min(
                abs(sum(p.change for p in finding.parts[:3]) / (finding.change or 1)), 1
            )
        case PriceVolumeMix():
            return 800.0
        case Correlated():
            return 10 * abs(finding.correlation)
        case Seasonal():
            return 10 * finding.strength
        case Strange():
            return 12.0
        case Dominant() | Missing():
            return finding.percent / 10


def _insight(finding: Finding, asked: frozenset[str]) -> Insight:
    kind, description, importance = said(finding)
    if kind in asked and importance == "medium":
        importance = "high"
    return Insight(kind, description, importance, msgspec.to_builtins(finding))


def _advice(finding: Finding) -> str | None:
    advice = None
    match finding:
        case Missing():
            advice = f"Find out why {name(finding.column)} is empty, and fill it in where it is entered."
        case Gap():
            when = span(finding.first, finding.last)
            whose = f" of {finding.group}" if finding.group else ""
            advice = f"Check whether data{whose} is missing {when} or trade really stood still."
        case Repeated():
            advice = f"Check whether the rows of {day(finding.day)} were entered twice."
        case Unusual() if finding.festival is None:
            advice = f"Look at what happened {span(finding.first, finding.last)}."
        case UnusualRate():
            advice = (
                f"Find out why {name(finding.column)} of {finding.group} was so far from the others' "
                f"{span(finding.first, finding.last)}."
            )
        case Strange() if finding.what == "extreme":
            advice = f"Check the largest {name(finding.column)}: a slip, or a deal worth knowing."
        case Outlying():
            advice = f"Look into {finding.group}: an error in the data, or a cause worth knowing."
        case Diverged():
            advice = f"Ask what is different in {finding.group}."
    return advice
