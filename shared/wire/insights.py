"""An analysis: of what, and what it found."""

from typing import Any, Literal

from shared.wire.base import Reply, Request

Words = Literal["model", "templates"]


class AnalyzeRequest(Request, frozen=True, omit_defaults=True):
    """Either ``connection`` and ``query``, or ``data``: rows as objects. ``context`` and ``question``
    say what the reader wants to know.

    ``period`` is the first and the last day of what a change is asked about, ``against`` of what it is
    compared with; without it the same weekdays a year before. ``forecast_days`` asks for so many days to
    come. ``words``: ``templates`` keeps all of it from the backend's own model; ``model`` lets that one find
    the words, where there is one and the caller may use it. ``query_id`` may be chosen by the caller (a
    UUID), for cancelling all that is asked of the source, as one query."""

    connection: str | None = None
    query: str | None = None
    data: list[dict[str, Any]] | None = None
    context: str | None = None
    question: str | None = None
    period: list[str] = []
    against: list[str] = []
    forecast_days: int | None = None
    words: Words = "model"
    query_id: str | None = None


class Insight(Reply, frozen=True):
    """One finding. ``importance`` is ``high medium low``; ``evidence`` the figures behind it."""

    type: str
    description: str
    importance: str
    evidence: Any = None


class Effect(Reply, frozen=True):
    """What an option would have brought in the days from ``first`` to ``last``, in the units of ``column``:
    ``expected``, within ``low`` to ``high``. ``saved``: the column would have been less by it."""

    column: str
    expected: float
    low: float
    high: float
    first: str
    last: str
    saved: bool = False


class Recommendation(Reply, frozen=True):
    """What could be done. ``priority`` is ``high medium low``. One by /api/ai/recommend has its effect, what
    it assumes, and the figures behind it."""

    action: str
    rationale: str
    priority: str
    effect: Effect | None = None
    assumptions: list[str] = []
    evidence: Any = None


class Analysis(Reply, frozen=True):
    """``facts`` are the statistics on which everything else rests."""

    summary: str
    insights: list[Insight]
    recommendations: list[Recommendation] = []
    facts: dict[str, Any] = {}
    told_by: str = "templates"
    """Or the model that found the words, of which ``claims_dropped`` said more than the facts."""
    claims_dropped: int = 0
    model_failure: str = ""
