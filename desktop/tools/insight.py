"""The tool ``insight``: why, what stands out, what comes, what to do. The backend computes, from rows in its
source; the facts are kept like any other result, so that each figure of an answer can be traced to one.
"""

import logging
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, cast
from uuid import uuid4

import msgspec

from desktop.events import InsightCard, InsightFact, InsightLine, InsightOption, Reading
from desktop.numbers import grouped, percent, rupees
from desktop.store.moment import now
from desktop.store.results import Results, StoredResult
from desktop.tools.base import ToolContext, ToolOutput
from desktop.tools.query import content_hash, plain
from shared.backend_client import BackendClient
from shared.backend_client.stopping import stoppable
from shared.errors import BackendConnectionError, QueryCancelled
from shared.money import is_money
from shared.results import Column, ColumnType
from shared.wire import Analysis, Insight, Recommendation, Words

Goal = Literal["change", "stands_out", "forecast", "recommend"]

_COLUMNS = [
    Column("Fact", ColumnType.TEXT),
    Column("Figure", ColumnType.TEXT),
    Column("Value", ColumnType.DECIMAL),
    Column("Percent", ColumnType.DECIMAL),
]
_FORMATS = ["text", "text", "number", "percent"]
_PERCENTS = frozenset(
    (
        *("percent", "plus_minus", "rest_percent", "even_percent", "usual_percent", "error_percent"),
        *("naive_error_percent", "norm_percent", "highest_percent", "value_percent", "discount_percent"),
    )
)
_PERCENTS_OF = {"unusual_rate": ("value", "usual"), "seasonal": ("high", "low")}
_COUNTS = frozenset(
    (
        *("count", "days", "rows", "repeats", "groups", "groups for 80 percent", "periods", "folds"),
        *("rest groups", "cases in the range", "of cases"),
    )
)
_UNTOLD = frozenset(("distance", "chance", "strength", "tests"))
_MOST_ROWS = 400
_log = logging.getLogger(__name__)


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be found out about the rows of ``sql``. ``period`` and ``against`` are first and last
    day."""

    connection: str
    sql: str
    title: str
    goal: Goal
    period: list[str] = []
    against: list[str] = []
    forecast_days: int | None = None
    question: str = ""
    readings: list[Reading] = []
    as_of: str | None = None


class Found(msgspec.Struct, frozen=True):
    """``change`` is what the period came to beside what it is compared with, when that was asked."""

    card: InsightCard
    analysis: Analysis
    change: float | None


class Insights:
    """Has the backend analyse, and keeps what it found."""

    def __init__(
        self,
        client: Callable[[], BackendClient],
        results: Results,
        type_of: Callable[[str], str],
        backend_away: Callable[[], None] = lambda: None,
        keep_cells: Callable[[], bool] = lambda: False,
    ) -> None:
        """``keep_cells``: whether the person chose that no cell value goes to a model, the backend's too."""
        self._client, self._results, self._type_of = client, results, type_of
        self._backend_away, self._keep_cells = backend_away, keep_cells

    def run(self, wish: Wish, context: ToolContext) -> Found:
        context.cancelled()
        began = now()
        analysis = self._ask(wish, context)
        context.cancelled()
        facts, rows = _listed(analysis.insights)
        options, more = (
            _options(analysis.recommendations, len(rows)) if wish.goal == "recommend" else ([], [])
        )
        rows = plain([*rows, *more][:_MOST_ROWS])
        result = StoredResult(
            id=uuid4().hex[:12],
            turn_id=context.turn_id,
            title=wish.title,
            connection=wish.connection,
            connection_type=self._type_of(wish.connection),
            sql=wish.sql,
            columns=_COLUMNS,
            formats=_FORMATS,
            readings=wish.readings,
            row_count=len(rows),
            truncated=False,
            elapsed_ms=0,
            ran_at=began,
            content_hash=content_hash(_COLUMNS, rows),
            query_id="",
            as_of=wish.as_of,
        )
        self._results.add(result, rows)
        line = analysis.facts.get("line")
        card = InsightCard(
            result_id=result.id,
            title=wish.title,
            connection=wish.connection,
            sql=wish.sql,
            goal=wish.goal,
            columns=_COLUMNS,
            formats=_FORMATS,
            row_count=len(rows),
            rows_analysed=int(analysis.facts.get("rows", 0)),
            truncated=bool(analysis.facts.get("truncated")),
            ran_at=began,
            content_hash=result.content_hash,
            facts=facts,
            options=options,
            line=_line(line) if line and wish.goal != "recommend" else None,
            told_by=analysis.told_by,
            readings=wish.readings,
            as_of=wish.as_of,
        )
        return Found(card, analysis, _change(analysis))

    def _ask(self, wish: Wish, context: ToolContext) -> Analysis:
        client = self._client()
        words: Words = "templates" if self._keep_cells() else "model"
        try:
            with stoppable(client, context.on_stop) as query_id:
                if wish.goal == "recommend":
                    return client.recommend(
                        wish.connection, wish.sql, question=wish.question, words=words, query_id=query_id
                    )
                return client.analyze_data(
                    wish.connection,
                    wish.sql,
                    question=wish.question,
                    period=wish.period,
                    against=wish.against,
                    forecast_days=wish.forecast_days,
                    words=words,
                    query_id=query_id,
                )
        except BackendConnectionError:
            self._backend_away()
            raise
        except QueryCancelled:
            context.cancelled()
            raise


def _line(told: Any) -> InsightLine:
    line = msgspec.convert(told, InsightLine)
    return msgspec.structs.replace(line, format=_format(line.column))


def _format(column: str) -> str:
    return "money" if is_money(column) else "number"


def _change(analysis: Analysis) -> float | None:
    for one in analysis.insights:
        if isinstance(one.evidence, dict) and one.evidence.get("finding") == "driven":
            return float(one.evidence["change"])
    return None


def _listed(insights: list[Insight]) -> tuple[list[InsightFact], list[list[Any]]]:
    """The facts, and a row for each of their figures."""
    facts: list[InsightFact] = []
    rows: list[list[Any]] = []
    for number, one in enumerate(insights, 1):
        evidence = one.evidence if isinstance(one.evidence, dict) else {}
        name = f"{number}. {one.type.replace('_', ' ')}"
        found = [[name, *row] for row in _figures(evidence)]
        form = _format(str(evidence.get("column", "")))
        facts.append(
            InsightFact(
                type=one.type,
                text=one.description,
                importance=one.importance,
                row=len(rows),
                figures=[Reading(row[1], _shown(row, form)) for row in found],
                sql=str(evidence.get("sql", "")),
            )
        )
        rows += found
    return facts, rows


def _figures(evidence: Mapping[str, Any]) -> list[list[Any]]:
    """Name, amount, percent; a percent when the figure is one, otherwise an amount."""
    kind = str(evidence.get("finding", ""))
    shares = ("value", "usual") if kind == "unusual" and evidence.get("group") else _PERCENTS_OF.get(kind, ())
    found: list[list[Any]] = []
    for name, value in evidence.items():
        if name == "parts":
            for part in value:
                group = str(part["group"])
                found += [
                    [f"{group}, {key}", _exact(part[key]), None] for key in ("earlier", "later", "change")
                ]
        elif isinstance(value, int | float) and not isinstance(value, bool) and name not in _UNTOLD:
            words = name.replace("_", " ")
            is_percent = name in _PERCENTS or name in shares
            found.append([words, None, _exact(value)] if is_percent else [words, _exact(value), None])
    if kind == "forecast":
        found += [["cases in the range", Decimal(80), None], ["of cases", Decimal(100), None]]
    return found


def _options(
    recommendations: list[Recommendation], offset: int
) -> tuple[list[InsightOption], list[list[Any]]]:
    options: list[InsightOption] = []
    rows: list[list[Any]] = []
    for number, one in enumerate(recommendations, 1):
        effect, evidence = one.effect, one.evidence if isinstance(one.evidence, dict) else {}
        if effect is None:
            continue
        name = f"Option {number}"
        found: list[list[Any]] = [
            [name, key, _exact(value), None]
            for key, value in (("expected", effect.expected), ("low", effect.low), ("high", effect.high))
        ]
        figures = evidence.get("figures", {})
        found += [[name, *row] for row in _figures(figures)]
        options.append(
            InsightOption(
                action=one.action,
                rationale=one.rationale,
                priority=one.priority,
                column=effect.column,
                expected=effect.expected,
                low=effect.low,
                high=effect.high,
                saved=effect.saved,
                assumptions=one.assumptions,
                row=offset + len(rows),
                figures=[Reading(row[1], _shown(row, _format(effect.column))) for row in found],
                sql=str(evidence.get("sql", "")),
                format=_format(effect.column),
            )
        )
        rows += found
    return options, rows


def _exact(value: float) -> Decimal:
    return Decimal(str(round(value, 4)))


def _shown(row: list[Any], form: str) -> str:
    _, name, amount, part = row
    if part is not None:
        return percent(part, 2)
    decimals = 0 if amount == int(amount) else 2
    return rupees(amount, decimals) if form == "money" and name not in _COUNTS else grouped(amount, decimals)


class InsightArguments(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sql: Annotated[
        str,
        msgspec.Meta(
            description="One SELECT that gives the rows behind the question, not sums of them: the date, the "
            "columns that group (store, zone, category …) and the figures. No LIMIT, no ORDER BY.",
            min_length=1,
        ),
    ]
    title: Annotated[str, msgspec.Meta(description="What the insight is about, as a short heading.")]
    goal: Annotated[
        Goal,
        msgspec.Meta(
            description="change: what a change came from; stands_out: anomalies, trends, quality; forecast; "
            "recommend: options with their effect."
        ),
    ]
    period: Annotated[
        list[str], msgspec.Meta(description="For change: first and last day, 2025-10-01 and 2025-10-31.")
    ] = []
    against: Annotated[
        list[str], msgspec.Meta(description="For change: the days to compare with; empty for a year before.")
    ] = []
    forecast_days: Annotated[int | None, msgspec.Meta(description="For forecast: how many days.")] = None


class InsightTool:
    """The model gets the facts' sentences; the person gets the facts, their figures and a drawing."""

    name = "insight"
    description = (
        "Find out why a figure changed, what stands out, what the next days will bring, or what could be "
        "done: "
        "computed by statistics over all rows. The person sees the facts; tell the most important ones."
    )
    arguments: type[msgspec.Struct] = InsightArguments

    def __init__(self, insights: Insights) -> None:
        self._insights = insights

    def label(self, arguments: msgspec.Struct, context: ToolContext) -> str:  # noqa: ARG002 - same for all
        return f"Analysing {context.connection}"

    def run(self, arguments: msgspec.Struct, context: ToolContext) -> ToolOutput:
        wanted = cast("InsightArguments", arguments)
        found = self._insights.run(
            Wish(
                connection=context.connection,
                sql=wanted.sql,
                title=wanted.title,
                goal=wanted.goal,
                period=wanted.period if wanted.goal == "change" else [],
                against=wanted.against if wanted.goal == "change" else [],
                forecast_days=(wanted.forecast_days or 28) if wanted.goal == "forecast" else None,
                question=context.question,
                as_of=context.as_of.isoformat() if context.as_of else None,
            ),
            context,
        )
        card, analysis = found.card, found.analysis
        return ToolOutput(
            for_model={
                "result_id": card.result_id,
                "rows_analysed": card.rows_analysed,
                "facts": [{"type": one.type, "importance": one.importance} for one in card.facts],
                "options": len(card.options),
            },
            cells={
                "summary": analysis.summary,
                "facts": [one.text for one in card.facts],
                "options": [
                    {"action": one.action, "effect": one.rationale, "assumptions": one.assumptions}
                    for one in card.options
                ],
            },
            for_window=card,
            summary=facts_text(card),
            detail=wanted.sql,
            columns_sent=len(card.columns),
            rows_sent=card.row_count,
        )


def facts_text(card: InsightCard) -> str:
    if card.options:
        return "1 option" if len(card.options) == 1 else f"{len(card.options)} options"
    return "1 fact" if len(card.facts) == 1 else f"{len(card.facts) or 'no'} facts"
