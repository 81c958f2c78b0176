"""What can be read but not be answered yet: refused here, before any SQL is written."""

from desktop.analyst.intent import Intent
from desktop.analyst.unclear import refuse
from desktop.analyst.wishes import Wishes

_RANKED = "I can't rank by a change between two periods yet; ask for the comparison without it."


def check_wishes(wishes: Wishes) -> None:
    """What no answer to a question back would mend."""
    if wishes.order and (wishes.compare or wishes.against):
        raise refuse(_RANKED)


def check(intent: Intent) -> None:
    """Raises the refusal."""
    if intent.against is not None and intent.order:
        raise refuse(_RANKED)
    timed = any(d.grain for d in intent.dimensions)
    if intent.against is not None and (len(intent.measures) > 1 or timed or intent.conditions):
        raise refuse("I can compare two periods for one figure, without months or conditions beside it.")
    if intent.share and any(c.place is None for c in intent.conditions):
        raise refuse("I can't show shares where some groups are left out; ask without the condition.")
    if len(intent.facts) > 1:
        _check_side_by_side(intent)


def _check_side_by_side(intent: Intent) -> None:
    if any(c.place is None for c in intent.conditions) or intent.share:
        raise refuse("I can't put a condition or a share on figures of two kinds of records yet.")
    for dimension in intent.dimensions:
        if dimension.place is not None and dimension.place.table in intent.facts:
            raise refuse(f"{dimension.label} is known for only one of the two kinds of records.")
