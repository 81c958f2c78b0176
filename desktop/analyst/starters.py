"""Questions to start with and to go on with, made from a schema. The caller tries them."""

from datetime import date

from desktop.analyst import lexicon, steps
from desktop.analyst.catalogue import Catalogue
from desktop.analyst.intent import Intent, Place
from desktop.analyst.roles import Col, Role, Table, entity_label
from desktop.analyst.tokens import singular

_LIKED = ("zone", "region", "department", "category", "state", "type", "status", "city", "segment", "brand")


def ideas(catalogue: Catalogue) -> list[str]:
    """More than are needed, the best first."""
    facts = facts_of(catalogue)
    found: list[str] = []
    for fact in facts[:4]:
        found += _about(catalogue, fact)
    for table in catalogue.tables.values():
        if table not in facts and entity_label(table) is not None:
            found.append(f"How many {table.label} are there?")
    first = found[:3]
    return list(dict.fromkeys([*first, *found[3:]]))[:24]


def newest_day(catalogue: Catalogue) -> date | None:
    """The newest day of the fact that people ask about first."""
    for fact in facts_of(catalogue):
        dates = catalogue.dates_of(fact.name)
        if len(dates) == 1:
            return catalogue.days(dates[0]).last
    return None


def facts_of(catalogue: Catalogue) -> list[Table]:
    facts = [t for t in catalogue.tables.values() if catalogue.is_fact(t.name)]
    return sorted(facts, key=lambda t: (not _is_sale(t), -(t.info.row_estimate or 0), t.name))


def _is_sale(table: Table) -> bool:
    return any(lexicon.CANON.get(w, w) == "sale" for w in table.words)


def _about(catalogue: Catalogue, fact: Table) -> list[str]:
    column = fact.main_money() or next((c for c in fact.columns if c.role in (Role.ADD, Role.LEVEL)), None)
    said = catalogue.short_phrase(Place(fact.name, column.name)) if column else f"number of {fact.label}"
    said = said[:1].upper() + said[1:]
    groups = groups_of(catalogue, fact.name)
    entities = [
        t
        for t in sorted(catalogue.links.reachable(fact.name))
        if t != fact.name and entity_label(catalogue.tables[t])
    ]
    dated = len(catalogue.dates_of(fact.name)) == 1
    found: list[str] = []
    if groups:
        found.append(f"{said} by {groups[0]}{' last month' if dated else ''}")
    if entities:
        found.append(f"Top 5 {catalogue.tables[entities[-1]].label} by {said[:1].lower()}{said[1:]}")
    if dated:
        found.append(f"{said} by month")
        found.append(f"{said} last month compared to the month before")
    if len(groups) > 1:
        found.append(f"{said} by {groups[1]}")
    return found


def groups_of(catalogue: Catalogue, fact: str) -> list[str]:
    """Phrases for the text columns that a fact reaches, the ones people group by first."""
    found: list[tuple[int, str, str]] = []
    for name in sorted(catalogue.links.reachable(fact)):
        for column in catalogue.tables[name].columns:
            if _groups(column) and len(catalogue.links.paths(fact, name)) == 1:
                liked = next((n for n, w in enumerate(_LIKED) if column.words[-1:] == (w,)), len(_LIKED))
                found.append((liked, catalogue.short_phrase(Place(name, column.name)), name))
    return [phrase for _, phrase, _ in sorted(found)]


def _groups(column: Col) -> bool:
    return column.role is Role.TEXT and column.words[-1:] not in (
        ("name",),
        ("note",),
        ("comment",),
        ("description",),
        ("email",),
    )


def follow_ups(intent: Intent, catalogue: Catalogue) -> list[str]:
    """Up to three short questions that change one thing."""
    used = {d.place.column for d in intent.dimensions if d.place}
    groups = [
        g for g in groups_of(catalogue, intent.facts[0]) if g.split()[-1] not in {singular(u) for u in used}
    ]
    found = [f"And by {groups[0]}?"] if groups else []
    if intent.dates and intent.against is None:
        if _has_year_before(intent, catalogue) and not any(d.grain for d in intent.dimensions):
            found.append("Compared to the same period last year?")
        if not any(d.grain for d in intent.dimensions):
            found.append("And by month?")
    return found[:3]


def _has_year_before(intent: Intent, catalogue: Catalogue) -> bool:
    place = intent.dates.get(intent.facts[0])
    if place is None or intent.span is None or not intent.span.step:
        return False
    first = catalogue.days(place).first
    return first is None or first <= steps.earlier(intent.span, 12, "").start
