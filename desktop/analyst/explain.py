"""How a question was read, in words: the title of the result and the lines of its reading."""

from collections.abc import Sequence
from datetime import date

from desktop.analyst import figures
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.intent import Condition, Filter, Intent, Span
from desktop.analyst.numbers import as_decimal, day, plain
from desktop.analyst.select import path_to
from desktop.analyst.steps import last_of_month
from desktop.events import Reading

_SIGNS = {">": "above", ">=": "at least", "<": "below", "<=": "at most", "=": "equal to"}


def span_words(span: Span) -> str:
    """``Apr 2025 to Mar 2026``, ``14 Mar 2025``, ``1 Mar 2026 to 15 Mar 2026``."""
    if span.said.startswith(("before", "until")):
        return f"until {day(span.end)}"
    if span.start == span.end:
        return day(span.start)
    if span.start.day == 1 and span.end == last_of_month(span.end):
        first, last = f"{span.start:%b %Y}", f"{span.end:%b %Y}"
        return first if first == last else f"{first} to {last}"
    return f"{day(span.start)} to {day(span.end)}"


def title(intent: Intent) -> str:
    text = " and ".join(_lower_after_first([m.label for m in intent.measures]))
    if intent.share:
        text = f"Share of {text[:1].lower()}{text[1:]}"
    if intent.dimensions:
        text += " by " + " and ".join(
            _dimension(d.label, "" if d.place else d.grain) for d in intent.dimensions
        )
    if intent.limit:
        text = f"{'Top' if intent.order == 'down' else 'Bottom'} {intent.limit}: {text[:1].lower()}{text[1:]}"
    for each in intent.filters:
        text += f", {'not ' if each.exclude else ''}{each.said}"
    for condition in intent.conditions:
        text += f", {_condition(condition)}"
    if intent.span:
        text += f", {span_words(intent.span)}"
    if intent.against:
        text += f" against {span_words(intent.against)}"
    return text


def _lower_after_first(labels: Sequence[str]) -> list[str]:
    return [label if n == 0 else label[:1].lower() + label[1:] for n, label in enumerate(labels)]


def _dimension(label: str, grain: str) -> str:
    return {"fiscal": "financial year"}.get(grain, grain) or label.lower()


def _condition(condition: Condition) -> str:
    number = as_decimal(condition.number)
    value = plain(number) if number is not None else condition.number
    name = condition.place.column if condition.place else "the figure"
    return f"{name} {_SIGNS[condition.sign]} {value}"


def readings(
    intent: Intent, catalogue: Catalogue, assumed: Sequence[tuple[str, str]], as_of: date | None
) -> list[Reading]:
    found = [Reading("Measure", figures.reading(m, catalogue)) for m in intent.measures]
    found += [Reading("By", _place_words(intent, catalogue, n)) for n in range(len(intent.dimensions))]
    found += [Reading("Only", _filter(f, catalogue)) for f in intent.filters]
    found += [Reading("Only" if c.place else "Only groups where", _condition(c)) for c in intent.conditions]
    found += _time(intent)
    found += [Reading(name, value) for name, value in dict.fromkeys(assumed)]
    if intent.order:
        kind = "highest" if intent.order == "down" else "lowest"
        found.append(Reading("Order", f"the {intent.limit} {kind}" if intent.limit else f"{kind} first"))
    if as_of is not None:
        found.append(Reading("Today", f"{day(as_of)}, the newest day in the data"))
    return found


def _place_words(intent: Intent, catalogue: Catalogue, at: int) -> str:
    dimension = intent.dimensions[at]
    if dimension.place is None:
        dates = ", ".join(f"{p.column} in {p.table}" for p in intent.dates.values())
        return f"{_dimension(dimension.label, dimension.grain)} of {dates}"
    place = dimension.place
    text = f"{place.column} in {place.table}"
    path = path_to(catalogue.links, intent.facts[0], place)
    if path:
        text += f", joined by {', '.join('+'.join(link.columns) for link in path)}"
    several = catalogue.values.variants(place.table, place.column)
    if several:
        text += f"; differently written values brought together, {several[0].value} for one"
    return text


def _filter(wanted: Filter, catalogue: Catalogue) -> str:
    sign = "is not" if wanted.exclude else "is"
    text = f"{wanted.place.column} in {wanted.place.table} {sign} {wanted.said}"
    if len(wanted.values) > wanted.said.count(" or ") + 1:
        written = ", ".join(f"“{v}”" for v in wanted.values)
        text += f" (written {written})"
    if wanted.exclude and any(
        c.nullable for c in catalogue.tables[wanted.place.table].info.columns if c.name == wanted.place.column
    ):
        text += "; rows without a value are kept"
    return text


def _time(intent: Intent) -> list[Reading]:
    dates = ", ".join(dict.fromkeys(f"{p.column} in {p.table}" for p in intent.dates.values()))
    if intent.span is None:
        return [Reading("Period", f"all dates of {dates}")] if intent.dates else []
    words = f"{span_words(intent.span)} by {dates}"
    if intent.span.partial:
        words += ", to date"
    found = [Reading("Period", words)]
    if intent.against is not None:
        found.append(Reading("Compared with", span_words(intent.against)))
    return found
