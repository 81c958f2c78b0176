"""What happens while a question is answered, as a stream that the window draws.

Each event is sent as one server-sent event: its name is the tag, its data the struct as JSON.
desktop/ui/js/events.js mirrors this list, and a test compares the two. No drawing here.
"""

from typing import Any, Literal

import msgspec

from shared.results import Column


class _Event(msgspec.Struct, frozen=True, tag_field="event", omit_defaults=False):
    pass


class TurnStarted(_Event, tag="turn_started", frozen=True):
    """The question is stored. ``turn_id`` is what stop and later links refer to."""

    conversation_id: str
    turn_id: str
    title: str
    started_at: str
    model: str


class StepStarted(_Event, tag="step_started", frozen=True):
    """Something that takes time began: ``Reading the schema of retail``."""

    step_id: str
    label: str


class StepFinished(_Event, tag="step_finished", frozen=True):
    """It ended. ``summary`` is for the collapsed line (``1,204 rows``), ``detail`` opens on click
    (SQL, arguments, or why it failed). ``status`` is ``ok failed stopped``."""

    step_id: str
    label: str
    status: str
    elapsed_ms: float
    summary: str = ""
    detail: str = ""


class SteppedIn(_Event, tag="stepped_in", frozen=True):
    """The language model did not answer, and what follows comes from the built-in analyst. ``says`` is the
    sentence for the person, ``why`` what kept the model away, ``model`` what it is called in a sentence;
    ``action`` is what a button offers: ``retry`` or ``settings``."""

    says: str
    why: str
    model: str
    action: str


class TextChunk(_Event, tag="text", frozen=True):
    """The whole answer so far, as sanitised HTML; replaces what stood there. Figures that were found
    in a result are ``<a class="fig" data-result="…" data-row="0" data-column="1">``, those found in
    none ``<span class="fig-none">``."""

    html: str


class Reading(msgspec.Struct, frozen=True):
    """One line of "how it was read": ``Measure`` · ``sum of net_amount in sales``."""

    name: str
    value: str


class ChartSpec(msgspec.Struct, frozen=True):
    """Which chart suits a result. ``kind`` is ``bar line area column number``; ``x``, ``y`` and
    ``series`` are column names. The window makes the drawing, in its own colours."""

    kind: str
    x: str
    y: list[str]
    series: str | None = None
    title: str = ""


class Headline(msgspec.Struct, frozen=True):
    """The one figure on top of a card, already formatted, with an optional change beside it.
    ``trend`` is ``up down flat`` or empty."""

    value: str
    label: str = ""
    delta: str = ""
    trend: str = ""


class ResultCard(_Event, tag="result", frozen=True):
    """A result to look at. ``rows`` are the first 200 at most; further ones come from
    ``GET /api/results/<result_id>``. ``formats`` has one entry a column: ``money number percent
    date month text`` and decides how cells are written. ``as_of`` is the newest day in the data
    when known, ``ran_at`` when the backend answered, ``cached_at`` set when the answer came from
    the local cache because the backend is away."""

    result_id: str
    title: str
    connection: str
    sql: str
    columns: list[Column]
    formats: list[str]
    rows: list[list[Any]]
    row_count: int
    truncated: bool
    elapsed_ms: float
    ran_at: str
    content_hash: str
    as_of: str | None = None
    cached_at: str | None = None
    headline: Headline | None = None
    chart: ChartSpec | None = None
    readings: list[Reading] = []


class InsightFact(msgspec.Struct, frozen=True):
    """One fact: its sentence, how much it matters (``high medium low``), the figures behind it and the SQL
    that gave them. The figures are the rows of the insight's result from ``row`` on, in this order."""

    type: str
    text: str
    importance: str
    row: int
    figures: list[Reading] = []
    sql: str = ""


class InsightOption(msgspec.Struct, frozen=True):
    """What could be done: ``column`` would have been more (``saved``: less) by ``expected``, ``low`` to
    ``high``, as far as ``assumptions`` hold. ``row`` and ``figures`` as of a fact. ``format`` is ``money``
    or ``number``."""

    action: str
    rationale: str
    priority: str
    column: str
    expected: float
    low: float
    high: float
    saved: bool
    row: int
    assumptions: list[str] = []
    figures: list[Reading] = []
    sql: str = ""
    format: str = "number"


class InsightPoint(msgspec.Struct, frozen=True):
    """``value`` of the past, ``expected`` within ``low`` to ``high`` of what comes."""

    day: str
    value: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    unusual: bool = False


class InsightLine(msgspec.Struct, frozen=True):
    """A figure over time; ``step`` is 1, 7 or about 30 days, ``format`` ``money`` or ``number``."""

    column: str
    step: int
    points: list[InsightPoint]
    format: str = "number"


class InsightCard(_Event, tag="insight", frozen=True):
    """What the backend found out about the rows of ``sql``: facts, and with the goal ``recommend`` options.
    Its figures are kept as the result ``result_id``, with one row each, and exported like any other."""

    result_id: str
    title: str
    connection: str
    sql: str
    goal: str
    columns: list[Column]
    formats: list[str]
    row_count: int
    rows_analysed: int
    truncated: bool
    ran_at: str
    content_hash: str
    facts: list[InsightFact]
    options: list[InsightOption] = []
    line: InsightLine | None = None
    told_by: str = "templates"
    readings: list[Reading] = []
    as_of: str | None = None


class Choice(msgspec.Struct, frozen=True):
    """One way to read the question; ``question`` is asked when it is chosen."""

    label: str
    question: str


class Clarification(_Event, tag="clarification", frozen=True):
    """The question can be read in several ways; nothing was run."""

    question: str
    choices: list[Choice]


class FollowUps(_Event, tag="follow_ups", frozen=True):
    """Questions that could come next."""

    questions: list[str]


class OpenPlace(_Event, tag="open_place", frozen=True):
    """What is missing can be given in that place of the window."""

    place: Literal["files"]


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would change more than this conversation: a file, a schedule, a message, another
    program. ``title`` says what would be done in one line, ``details`` with what exactly (folder, name,
    time), and ``preview`` what would be written or sent. All of it is what will be done, not a
    description by a model."""

    kind: Literal["write", "schedule", "send", "open"]
    title: str
    details: list[Reading] = []
    preview: str = ""


class ApprovalAsked(_Event, tag="approval_asked", frozen=True):
    """The effect waits for the person's yes: ``POST /api/approvals/<approval_id>``."""

    approval_id: str
    effect: Effect


class ApprovalAnswered(_Event, tag="approval_answered", frozen=True):
    """``answer`` is ``yes``, ``no``, ``stopped`` (the turn was), or ``lapsed``: the turn ended otherwise,
    or the program did. After anything but a yes nothing was done."""

    approval_id: str
    answer: Literal["yes", "no", "stopped", "lapsed"]


class Counted(msgspec.Struct, frozen=True):
    """What has left this machine: columns, rows and bytes for the model, and bytes for the backend. Bytes
    are those of the bodies on the wire; a row counts once, however often later requests carry it again."""

    columns: int = 0
    rows: int = 0
    bytes: int = 0
    backend_bytes: int = 0


class Sent(_Event, tag="sent", frozen=True):
    """What has left this machine in this conversation so far, counted as in Counted. ``turn`` is this
    answer's share."""

    columns: int
    rows: int
    bytes: int
    backend_bytes: int = 0
    turn: Counted | None = None


class Queued(_Event, tag="queued", frozen=True):
    """The backend is away: the question waits, and is asked again by itself when it is back. ``kept_at`` is
    how old the answer is that stands there until then, None when there is none."""

    turn_id: str
    kept_at: str | None = None


class ChangedCell(msgspec.Struct, frozen=True):
    """``row`` and ``column`` count from 0 in the result as it is now; ``before`` is what stood there."""

    row: int
    column: int
    before: Any


class Changed(_Event, tag="changed", frozen=True):
    """How a result differs from the one that stood in its place as of ``kept_at``. ``comparable`` is False
    when other columns or another query came of the same question. Counts are exact; ``cells``, ``added``
    (rows of now) and ``removed`` (whole rows) are the first of them."""

    result_id: str
    kept_at: str
    comparable: bool = True
    cell_count: int = 0
    added_count: int = 0
    removed_count: int = 0
    cells: list[ChangedCell] = []
    added: list[int] = []
    removed: list[list[Any]] = []
    headline_before: str = ""


class TurnFailed(_Event, tag="turn_failed", frozen=True):
    """The turn ended without an answer. ``error`` says what happened, ``meaning`` what it means for
    the person, ``action`` what a button offers: ``retry settings backend`` or empty."""

    error: str
    meaning: str
    action: str
    code: str


class TurnFinished(_Event, tag="turn_finished", frozen=True):
    """The last event. ``status``: ``answered needs_clarification cannot_answer stopped failed queued``."""

    turn_id: str
    status: str
    elapsed_ms: float


Event = (
    TurnStarted
    | StepStarted
    | StepFinished
    | SteppedIn
    | TextChunk
    | ResultCard
    | InsightCard
    | Clarification
    | FollowUps
    | OpenPlace
    | ApprovalAsked
    | ApprovalAnswered
    | Sent
    | Queued
    | Changed
    | TurnFailed
    | TurnFinished
)
