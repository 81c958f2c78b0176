"""One finding as one sentence: its type, what it says, how much it matters. Nothing is computed here."""

from server.insights.findings import (
    Correlated,
    Diverged,
    Dominant,
    Driven,
    Finding,
    Forecast,
    Gap,
    Missing,
    Moved,
    Outlying,
    Part,
    PriceVolumeMix,
    Repeated,
    Seasonal,
    Strange,
    Unusual,
    UnusualRate,
)
from server.insights.words import amount, day, figure, name, percent, signed, span

Said = tuple[str, str, str]
"""Type, description, importance: ``high medium low``."""

_TOLD_PARTS = 3


def said(finding: Finding) -> Said:
    kind, text, importance = _said(finding)
    starts = name(finding.column) if not isinstance(finding, Gap | Repeated) else ""
    if starts and text.startswith(starts):
        text = text[:1].upper() + text[1:]
    return kind, text, importance


def _said(finding: Finding) -> Said:  # noqa: PLR0911 - one kind after the other
    match finding:
        case Missing() | Strange() | Repeated() | Gap():
            return _quality(finding)
        case Unusual():
            far = abs(finding.distance) >= 8 and finding.festival is None
            return "anomaly", _unusual(finding), "high" if far else "medium"
        case UnusualRate():
            way = "above" if finding.value > finding.usual else "below"
            text = (
                f"{finding.group}: {name(finding.column)} was {percent(finding.value)} of "
                f"{name(finding.base)} {span(finding.first, finding.last)}, far {way} the "
                f"{percent(finding.usual)} that is usual there and then."
            )
            return "anomaly", text, "high"
        case Moved():
            return "trend", _moved(finding), "high" if abs(finding.percent) >= 10 else "medium"
        case Diverged() | Dominant() | Outlying():
            return _groups(finding)
        case Driven():
            return "driver", _driven(finding), "medium"
        case PriceVolumeMix():
            return "driver", _mix(finding), "medium"
        case Seasonal():
            text = (
                f"{name(finding.column)} has a {finding.cycle}ly rhythm: {finding.high_name} is "
                f"{signed(finding.high, percent(abs(finding.high)))} against the average, {finding.low_name} "
                f"{signed(finding.low, percent(abs(finding.low)))}."
            )
            return "seasonality", text, "low"
        case Correlated():
            together = "rise and fall together" if finding.correlation > 0 else "move against each other"
            text = (
                f"A row's {name(finding.column)} and {name(finding.other)} {together} from period to period "
                f"(rank correlation {finding.correlation:.2f}, {finding.low:.2f} to {finding.high:.2f}, "
                f"{finding.periods} changes). One need not be the cause of the other."
            )
            return "correlation", text, "low"
        case Forecast():
            return "forecast", _forecast(finding), "medium"


def _quality(finding: Missing | Strange | Repeated | Gap) -> Said:
    match finding:
        case Missing():
            importance = "high" if finding.percent >= 30 else "medium" if finding.percent >= 5 else "low"
            rows = f"{_rows(finding.count)} ({percent(finding.percent)})"
            return "missing_values", f"{name(finding.column)} is missing in {rows}.", importance
        case Strange():
            return "data_quality", _strange(finding), "high" if finding.what == "extreme" else "low"
        case Repeated():
            text = (
                f"On {day(finding.day)}, {finding.repeats} of {finding.rows} rows repeat another in all "
                f"but {', '.join(map(name, finding.apart_from))}; on other days "
                f"{percent(finding.usual_percent)} do."
            )
            return "repeated_rows", text, "high"
        case Gap():
            when = f"{span(finding.first, finding.last)} ({finding.days} day{'s' * (finding.days != 1)})"
            if finding.group is None:
                text = f"There is no row {when} although nearly every other day has some."
            else:
                usual = figure(round(finding.expected or 0))
                text = f"{finding.group} has no row {when}; about {usual} were usual."
            return "gap", text, "high" if finding.days >= 5 else "medium"


def _strange(finding: Strange) -> str:
    column = name(finding.column)
    match finding.what:
        case "extreme":
            rows = "one row" if finding.count == 1 else f"{finding.count} rows"
            return (
                f"{column} reaches {amount(finding.column, finding.value or 0)} in {rows}; "
                f"the next largest is {amount(finding.column, finding.usual or 0)}."
            )
        case "negative":
            lowest = amount(finding.column, finding.value or 0)
            return f"{column} is below zero in {_rows(finding.count)}, down to {lowest}."
        case "blank_ends":
            return f"{column} has values that begin or end with a blank: {_quoted(finding.examples)}."
    return f"{column} has values that differ only in case or blanks: {_quoted(finding.examples)}."


def _quoted(examples: list[str]) -> str:
    return ", ".join(f"“{text}”" for text in examples)


def _groups(finding: Diverged | Dominant | Outlying) -> Said:
    match finding:
        case Dominant():
            text = (
                f"{finding.group} alone makes {percent(finding.percent)} of {name(finding.column)}; "
                f"an even share among {finding.groups} would be {percent(finding.even_percent)}."
            )
            return "concentration", text, "medium"
        case Outlying():
            way = "above" if finding.value > finding.middle else "below"
            text = (
                f"{finding.group} lies far {way} the other values of {name(finding.grouping)}: "
                f"{name(finding.column)} {amount(finding.column, finding.value)}, where the middle is "
                f"{amount(finding.column, finding.middle)}."
            )
            return "outlier", text, "high"
        case Diverged():
            text = (
                f"{finding.group} went another way: from the first half of the time to the second, "
                f"{name(finding.column)} moved {signed(finding.percent, percent(abs(finding.percent)))}, in "
                f"the rest of {name(finding.grouping)} "
                f"{signed(finding.rest_percent, percent(abs(finding.rest_percent)))}."
            )
            falls = finding.percent < 0 < finding.rest_percent
            return "divergence", text, "high" if falls else "medium"


def _moved(finding: Moved) -> str:
    over = "in the last 52 weeks" if finding.basis == "year" else "in the later half of the time"
    against = "the 52 weeks before" if finding.basis == "year" else "the earlier half"
    way = "higher" if finding.percent > 0 else "lower"
    return (
        f"{name(finding.column)} was {percent(abs(finding.percent))} {way} {over} than in {against} "
        f"(± {percent(finding.plus_minus)}): {amount(finding.column, finding.later)} against "
        f"{amount(finding.column, finding.earlier)}."
    )


def _unusual(finding: Unusual) -> str:
    when = span(finding.first, finding.last)
    way = "above" if finding.value > finding.usual else "below"
    festival = f" {finding.festival} was near." if finding.festival else ""
    if finding.group is not None:
        of = f" in {finding.within}" if finding.within is not None else ""
        return (
            f"{finding.group} made {percent(finding.value)} of {name(finding.column)}{of} {when}, far {way} "
            f"its usual {percent(finding.usual)}.{festival}"
        )
    return (
        f"{name(finding.column)} was far {way} its usual {when}: {amount(finding.column, finding.value)}, "
        f"where the weeks around suggest {amount(finding.column, finding.usual)}.{festival}"
    )


def _driven(finding: Driven) -> str:
    way = "rose" if finding.change >= 0 else "fell"
    share = f" ({percent(abs(finding.percent))})" if finding.percent is not None else ""
    parts = "; ".join(_part(finding.column, part) for part in finding.parts[:_TOLD_PARTS])
    if finding.follows:
        change = _change(finding.column, finding.change)
        return (
            f"Of the same change of {name(finding.column)} ({change}), by {name(finding.grouping)}: {parts}."
        )
    return (
        f"{name(finding.column)} {way} by {amount(finding.column, abs(finding.change))}{share}, to "
        f"{amount(finding.column, finding.later)} "
        f"{span(finding.first, finding.last)} against {amount(finding.column, finding.earlier)} "
        f"{span(finding.against_first, finding.against_last)}. By {name(finding.grouping)}: {parts}."
    )


def _part(column: str, part: Part) -> str:
    note = " (new)" if part.new else " (gone)" if part.gone else ""
    return f"{part.group}{note} {_change(column, part.change)}"


def _mix(finding: PriceVolumeMix) -> str:
    parts = (("volume", finding.volume), ("price", finding.price), ("mix", finding.mix))
    told = ", ".join(f"{label} {_change(finding.column, value)}" for label, value in parts)
    change = _change(finding.column, finding.change)
    return (
        f"Of the change of {name(finding.column)} ({change}), by {name(finding.grouping)}: {told}, "
        f"counted in {name(finding.quantity)}."
    )


def _forecast(finding: Forecast) -> str:
    text = (
        f"{name(finding.column)} {span(finding.first, finding.last)} should come to "
        f"{amount(finding.column, finding.value)}, between {amount(finding.column, finding.low)} and "
        f"{amount(finding.column, finding.high)} in 80 of 100 cases."
    )
    if finding.method == "naive":
        return (
            f"{text} No model beat the plain guess of the same weekdays before, which was off by "
            f"{percent(finding.naive_error_percent)} in {finding.folds} tries on the past."
        )
    return (
        f"{text} In {finding.folds} tries on the past it was off by {percent(finding.error_percent)}, the "
        f"plain guess by {percent(finding.naive_error_percent)}."
    )


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{figure(count)} rows"


def _change(column: str, value: float) -> str:
    return signed(value, amount(column, abs(value)))
