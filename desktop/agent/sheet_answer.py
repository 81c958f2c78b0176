"""A question about a spreadsheet of the person's, answered without a model: found, understood, asked with
SQL, or laid beside a governed result. How words are read is in mentions and in the analyst.
"""

from collections.abc import Callable, Generator, Iterator
from typing import TypeVar

import msgspec

from desktop.agent import mentions
from desktop.agent.progress import Progress
from desktop.agent.pump import pumped
from desktop.agent.sources import AnalystLike, Sources
from desktop.analyst.meaning import Plan, Question, Refusal
from desktop.events import Choice, Clarification, Event, FollowUps, Reading
from desktop.files.grants import NOTHING_GRANTED
from desktop.sheets import comparing
from desktop.sheets.joining import Join, Joined, Joining
from desktop.sheets.known import Known, NamedTable
from desktop.sheets.sheets import Sheets
from desktop.sheets.understood import TableFound
from desktop.tools.base import ToolContext
from desktop.tools.query import MAX_ROWS, Queries, Query, rows_text
from shared.errors import FileNotFound, NothingGranted, ToolRefused

_MOST_FILES = 2_000
_WHY = {
    "total": "total",
    "average": "average",
    "repeated": "repeated heading",
    "note": "note",
    "section": "section",
}

T = TypeVar("T")


class Sheet(msgspec.Struct, frozen=True):
    """What the question is about, when it is about a file."""

    path: str
    question: str


class SheetAnswer:
    def __init__(self, sheets: Sheets, joining: Joining, sources: Sources, queries: Queries) -> None:
        self._sheets = sheets
        self._joining = joining
        self._sources = sources
        self._queries = queries

    def looked(self, question: str, context: ToolContext) -> Sheet | None:
        """The file that the question names. Raises FileNotFound when it names one that is not granted."""
        if not mentions.names_a_file(question):
            return None
        files = self._sheets.files(_MOST_FILES, context.cancelled)
        path = mentions.find(question, files)
        if path is None and not files and not self._sheets.grants.list():
            raise NothingGranted(NOTHING_GRANTED)
        if path is None:
            raise FileNotFound(
                "No granted file has that name. Drop the file into the window, or grant its folder on the "
                "page Files."
            )
        return Sheet(path, mentions.without(question, path))

    def opened(self, path: str, progress: Progress) -> Generator[Event, None, Known]:
        name = path.rpartition("/")[2]
        step = progress.step(f"Reading {name}")
        yield step
        known = yield from self._working(
            lambda: self._sheets.open(path, cancelled=progress.stop.check), progress
        )
        tables = known.understood.tables()
        counted = "1 table" if len(tables) == 1 else f"{len(tables)} tables"
        yield progress.done(
            step.step_id, counted, "\n".join(line for table in tables for line in told(table))
        )
        return known

    def analyst(
        self, path: str, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, AnalystLike]:
        return (
            yield from self._working(lambda: self._sources.local_analyst([path], context.as_of), progress)
        )

    def origin(self, path: str, sql: str) -> list[Reading]:
        """Which tables a query read, and what was left out of them."""
        lines = [Reading("Sheet", path)]
        for named in self._sheets.tables([path]):
            if named.name in sql:
                lines += [Reading("Table", f"{named.name} · {place(named)}"), *left_out(named)]
        return lines

    def compared(
        self, path: str, wish: mentions.Comparison, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, str]:
        """``compare targets.xlsx with sales by store``."""
        if context.connection == self._sheets.name:
            connection = self._sources.choose(None)
            if connection == self._sheets.name:
                raise ToolRefused("There is no connection to compare with: the backend is away, or has none.")
            context = msgspec.structs.replace(context, connection=connection)
        yield from self.opened(path, progress)
        tables = [t for t in self._sheets.tables([path]) if any(c.type.is_number for c in t.table.columns)]
        fitting = [(t, column) for t in tables for column in comparing.measures(t, wish.measure)]
        name = path.rpartition("/")[2]
        if len(fitting) != 1:
            columns = sorted({column for _, column in fitting}) or [
                c.name for t in tables for c in t.table.columns if c.type.is_number
            ]
            choices = [Choice(c, f"compare {c} in {name} with {wish.asked}") for c in columns[:6]]
            if not choices or len(columns) == 1:
                raise ToolRefused(f"{name} has no column of figures that I could compare without guessing.")
            yield Clarification(question=f"Which column of {name} shall I compare?", choices=choices)
            return "needs_clarification"
        [(table, measure)] = fitting
        step = progress.step("Reading the question")
        yield step
        outcome = yield from self._working(
            lambda: self._sources.analyst(context.connection, context.as_of).read(wish.asked, None), progress
        )
        match outcome:
            case Question():
                yield progress.done(step.step_id, "it can be read in several ways")
                said = f"{wish.measure} in {name}" if wish.measure else name
                choices = [Choice(c.label, f"compare {said} with {c.question}") for c in outcome.choices]
                yield Clarification(question=outcome.text, choices=choices)
                return "needs_clarification"
            case Refusal():
                yield progress.done(step.step_id, "not understood")
                progress.text = outcome.text
                yield progress.chunk()
                return "cannot_answer"
        plan: Plan = outcome
        yield progress.done(step.step_id, plan.title)
        yield from self._laid_beside(table, measure, plan, progress, context)
        return "answered"

    def _laid_beside(
        self, table: NamedTable, measure: str, plan: Plan, progress: Progress, context: ToolContext
    ) -> Generator[Event, None, None]:
        step = progress.step(f"Joining {table.path.rpartition('/')[2]} with {context.connection} on this PC")
        yield step
        join = Join(table=table.name, connection=context.connection, governed_sql=plan.sql, keys=[], sql="")

        def run() -> Joined:
            return self._joining.run(
                join,
                max_rows=MAX_ROWS,
                cancelled=context.cancelled,
                on_stop=context.on_stop,
                decide=comparing.decided(self._sheets, join, measure, context.cancelled),
            )

        joined = yield from self._working(run, progress)
        name = table.path.rpartition("/")[2]
        query = Query(
            connection=self._sheets.name,
            sql=joined.join.sql,
            title=f"{measure} in {name} beside {plan.title}",
            formats=comparing.formats(joined.result.columns),
            chart=comparing.chart(joined.result.columns, f"{measure} in {name} beside {plan.title}"),
            readings=[*joined.readings(), *left_out(joined.table), *plan.readings],
            as_of=plan.as_of.isoformat() if plan.as_of else None,
        )
        ran = self._queries.keep(query, joined.result, context)
        yield progress.done(
            step.step_id, rows_text(ran.result.row_count, truncated=ran.result.truncated), query.sql
        )
        card = ran.result.card(ran.rows)
        progress.add_evidence(card, ran.rows)
        yield card
        progress.text = (
            f"{measure} from {name} beside {plan.title}. They were put together on this PC; "
            "nothing of the file left it."
        )
        if joined.matched.local != joined.matched.local_matched:
            progress.text += " Some rows of the file matched nothing; the receipt says how many."
        yield progress.chunk()
        if plan.follow_ups:
            yield FollowUps(questions=plan.follow_ups)

    def _working(self, work: Callable[[], T], progress: Progress) -> Generator[Event, None, T]:
        def run() -> Iterator[T]:
            yield work()

        [found] = pumped(run(), progress.stop)
        yield from ()
        return found


def place(named: NamedTable) -> str:
    sheet = f"sheet {named.table.sheet}, " if named.table.sheet else ""
    return f"{sheet}{named.table.range}"


def left_out(named: NamedTable) -> list[Reading]:
    counted = [(_WHY[one.why], one.count) for one in named.table.left_out if one.why in _WHY]
    if not counted:
        return []
    words = ", ".join(f"{count} {word}{'s' if count > 1 else ''}" for word, count in counted)
    return [Reading("Left out of the table", words)]


def told(table: TableFound) -> Iterator[str]:
    yield f"{table.name}: {table.range}, {table.row_count} rows"
    yield from (f"  {column.name}: {column.type.value}" for column in table.columns)
    yield from (f"  {note}" for note in table.notes)
