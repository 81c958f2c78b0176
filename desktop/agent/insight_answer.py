"""An answer by an insight: the backend looks into the rows, and its facts are told, each figure tied to
one."""

from collections.abc import Generator, Iterator

import msgspec

from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.analyst.meaning import InsightPlan
from desktop.events import Event, FollowUps
from desktop.store.results import Results
from desktop.tools.base import ToolContext
from desktop.tools.insight import Found, Insights, Wish, facts_text

_WAYS = {-1: "fell", 1: "rose"}
_TOLD = 3
_ANSWERS = {"change": "driver", "forecast": "forecast"}


class InsightAnswer:
    """Carries out what the built-in analyst read as a question for an insight."""

    def __init__(self, insights: Insights, results: Results) -> None:
        self._insights, self._results = insights, results

    def answer(
        self, plan: InsightPlan, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, None]:
        step = progress.step(f"Analysing {context.connection}")
        yield step
        [(found, note)] = pumped(self._found(plan, context), progress.stop)
        card = found.card
        yield progress.done(step.step_id, facts_text(card), plan.sql)
        progress.add_evidence(card, self._results.rows(card.result_id))
        yield card
        progress.text = " ".join(part for part in (note, _told(found)) if part)
        progress.memory = msgspec.json.encode(plan.memory).decode()
        yield progress.chunk()
        if plan.follow_ups:
            yield FollowUps(questions=plan.follow_ups)

    def _found(self, plan: InsightPlan, context: ToolContext) -> Iterator[tuple[Found, str]]:
        """A change is asked about once more, against the time just before, when it was none of the asked kind
        against the year before."""
        wish = Wish(
            connection=context.connection,
            sql=plan.sql,
            title=plan.title,
            goal=plan.goal,
            period=plan.period,
            against=plan.against,
            forecast_days=plan.forecast_days,
            question=plan.question,
            readings=plan.readings,
            as_of=plan.as_of.isoformat() if plan.as_of else None,
        )
        found = self._insights.run(wish, context)
        if plan.direction == 0 or not plan.or_against or _goes(found, plan.direction):
            yield found, ""
            return
        other = self._insights.run(msgspec.structs.replace(wish, against=plan.or_against), context)
        if _goes(other, plan.direction):
            yield other, "Not against a year before, but against the time just before:"
            return
        yield found, f"It {_WAYS[-plan.direction]}, against the year before and against the time just before."


def _goes(found: Found, direction: int) -> bool:
    return found.change is not None and found.change * direction > 0


def _told(found: Found) -> str:
    """The first facts as a list, with the options before them when there are some."""
    card = found.card
    lines = [f"{option.action} {option.rationale}" for option in card.options[:_TOLD]]
    if not lines:
        asked = [fact for fact in card.facts if fact.type == _ANSWERS.get(card.goal)]
        lines = [fact.text for fact in asked or card.facts if fact.importance != "low"][:_TOLD]
    if not lines:
        what = "no option that the data supports" if card.goal == "recommend" else "nothing that stands out"
        return f"I looked at all rows and found {what}."
    return "\n".join(["", *(f"- {line}" for line in lines)]) if len(lines) > 1 else lines[0]
