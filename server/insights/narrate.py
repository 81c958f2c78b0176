"""Facts in sentences, by templates: each claim carries the figures it rests on. Nothing is computed here."""

from datetime import date

import msgspec

from server.insights.findings import (
    Diverged,
    Dominant,
    Facts,
    Finding,
    Gap,
    Missing,
    Moved,
    Outlying,
    Repeated,
    Unusual,
)
from shared.wire import Analysis, Insight, Recommendation

_MOST = 12
_RANK = {"high": 0, "medium": 1, "low": 2}
NOTHING = "Nothing stands out."


def narrate(facts: Facts) -> Analysis:
    """The most important first."""
    strongest = sorted(facts.findings, key=_strength, reverse=True)
    told = [(_insight(finding), _advice(finding)) for finding in strongest]
    told.sort(key=lambda one: _RANK[one[0].importance])
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


def _summary(facts: Facts, insights: list[Insight]) -> str:
    if not facts.rows:
        return "There are no rows, so there is nothing to say."
    parts = [f"{_figure(facts.rows)} row{'' if facts.rows == 1 else 's'}"]
    time = next((column for column in facts.columns if column.role == "time"), None)
    if time is not None and time.first and time.last:
        parts.append(f"from {_day(time.first)} to {_day(time.last)}")
    totals = [column for column in facts.columns if column.total is not None]
    if totals:
        largest = max(totals, key=lambda column: abs(column.total or 0))
        parts.append(f"with {largest.name} of {_figure(largest.total or 0)} in all")
    told = [insight.description for insight in insights if insight.importance != "low"][:3]
    cut = ["There were more rows; only these were looked at."] if facts.truncated else []
    return " ".join([" ".join(parts) + ".", *cut, *(told or [NOTHING])])


def _strength(finding: Finding) -> float:
    """How far from chance, roughly in standard deviations, to put the surest first."""
    match finding:
        case Unusual() | Outlying() | Diverged():
            return abs(finding.distance)
        case Moved():
            return 2 * abs(finding.percent) / max(finding.plus_minus, 0.1)
        case Gap():
            return float(10 + finding.days)
        case Repeated():
            return float(10 + finding.repeats)
        case Dominant() | Missing():
            return finding.percent / 10


def _insight(finding: Finding) -> Insight:
    kind, description, importance = _said(finding)
    return Insight(kind, description, importance, msgspec.to_builtins(finding))


def _said(finding: Finding) -> tuple[str, str, str]:
    """Its type, its sentence, its importance."""
    match finding:
        case Missing():
            importance = "high" if finding.percent >= 30 else "medium" if finding.percent >= 5 else "low"
            rows = f"{_figure(finding.count)} rows ({_percent(finding.percent)})"
            told = "missing_values", f"{finding.column} is missing in {rows}.", importance
        case Gap():
            span = f"{_span(finding.first, finding.last)} ({finding.days} days)"
            text = f"There is no row {span} although nearly every other day has some."
            told = "gap", text, "high" if finding.days >= 5 else "medium"
        case Repeated():
            text = (
                f"On {_day(finding.day)}, {finding.repeats} of {finding.rows} rows repeat another in all "
                f"but {', '.join(finding.apart_from)}; on other days {_percent(finding.usual_percent)} do."
            )
            told = "repeated_rows", text, "high"
        case Unusual():
            told = "anomaly", _said_unusual(finding), "high" if abs(finding.distance) >= 8 else "medium"
        case Moved():
            told = "trend", _said_moved(finding), "high" if abs(finding.percent) >= 10 else "medium"
        case Dominant():
            text = (
                f"{finding.group} alone makes {_percent(finding.percent)} of {finding.column}; "
                f"an even share among {finding.groups} would be {_percent(finding.even_percent)}."
            )
            told = "concentration", text, "medium"
        case Outlying():
            way = "above" if finding.value > finding.middle else "below"
            text = (
                f"{finding.group} lies far {way} the other values of {finding.grouping}: {finding.column} "
                f"{_figure(finding.value)}, where the middle is {_figure(finding.middle)}."
            )
            told = "outlier", text, "high"
        case Diverged():
            text = (
                f"{finding.group} went another way: from the first half of the time to the second, "
                f"{finding.column} moved {_signed(finding.percent)}, in the rest of {finding.grouping} "
                f"{_signed(finding.rest_percent)}."
            )
            told = "divergence", text, "high" if finding.percent < 0 < finding.rest_percent else "medium"
    return told


def _said_moved(finding: Moved) -> str:
    over = "in the last 52 weeks" if finding.basis == "year" else "in the later half of the time"
    against = "the 52 weeks before" if finding.basis == "year" else "the earlier half"
    way = "higher" if finding.percent > 0 else "lower"
    return (
        f"{finding.column} was {_percent(abs(finding.percent))} {way} {over} than in {against} "
        f"(± {_percent(finding.plus_minus)}): {_figure(finding.later)} against {_figure(finding.earlier)}."
    )


def _said_unusual(finding: Unusual) -> str:
    span = _span(finding.first, finding.last)
    way = "above" if finding.value > finding.usual else "below"
    if finding.group is not None:
        return (
            f"{finding.group} made {_percent(finding.value)} of {finding.column} {span}, far {way} its usual "
            f"{_percent(finding.usual)}."
        )
    return (
        f"{finding.column} was far {way} its usual {span}: {_figure(finding.value)}, where the weeks around "
        f"suggest {_figure(finding.usual)}."
    )


def _advice(finding: Finding) -> str | None:
    advice = None
    match finding:
        case Missing():
            advice = f"Find out why {finding.column} is empty, and fill it in where it is entered."
        case Gap():
            span = _span(finding.first, finding.last)
            advice = f"Check whether data is missing {span} or trade really stood still."
        case Repeated():
            advice = f"Check whether the rows of {_day(finding.day)} were entered twice."
        case Unusual():
            advice = f"Look at what happened {_span(finding.first, finding.last)}."
        case Outlying():
            advice = f"Look into {finding.group}: an error in the data, or a cause worth knowing."
        case Diverged():
            advice = f"Ask what is different in {finding.group}."
    return advice


def _span(first: str, last: str) -> str:
    return f"on {_day(first)}" if first == last else f"from {_day(first)} to {_day(last)}"


def _day(text: str) -> str:
    day = date.fromisoformat(text)
    return f"{day.day} {day:%b} {day.year}"


def _percent(value: float) -> str:
    return f"{value:.1f} %" if abs(value) < 100 else f"{value:.0f} %"


def _signed(value: float) -> str:
    return f"{'+' if value >= 0 else '−'}{_percent(abs(value))}"


def _figure(value: float) -> str:
    """Grouped the Indian way, 12,34,567; small figures with their decimals; huge ones by their power."""
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    if abs(value) < 1000 and value != int(value):
        return f"{value:.4g}"
    digits = str(abs(round(value)))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)][::-1]
    return ("−" if value < 0 else "") + ",".join([*pairs, tail])
