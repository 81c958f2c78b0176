"""What a program asks, as the messages of the wire."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any
from uuid import uuid4

from shared.errors import InvalidRequest
from shared.wire import AnalyzeRequest, QueryRequest, Words

ParamValue = str | int | float | bool | None


def query_request(
    connection: str,
    query: str,
    params: Mapping[str, ParamValue] | None,
    max_rows: int | None,
    timeout_seconds: float | None,
    query_id: str | None,
) -> QueryRequest:
    """JSON has no NaN and no infinity: they would arrive as null, and ask something else."""
    for name, value in (params or {}).items():
        if isinstance(value, float) and not isfinite(value):
            raise InvalidRequest(f"The value of :{name} is {value}, which cannot be sent.")
    if timeout_seconds is not None and not isfinite(timeout_seconds):
        raise InvalidRequest("timeout_seconds must be a number of seconds.")
    return QueryRequest(
        connection=connection,
        query=query,
        max_rows=max_rows,
        params=dict(params or {}),
        timeout_seconds=timeout_seconds,
        query_id=query_id or str(uuid4()),
    )


def analyze_request(  # noqa: PLR0913 - the fields of the message
    connection: str | None,
    query: str | None,
    data: Sequence[Mapping[str, Any]] | None,
    question: str | None,
    context: str | None,
    words: Words,
    *,
    period: Sequence[str] = (),
    against: Sequence[str] = (),
    forecast_days: int | None = None,
    query_id: str | None = None,
) -> AnalyzeRequest:
    return AnalyzeRequest(
        connection=connection,
        query=query,
        data=None if data is None else [dict(row) for row in data],
        question=question,
        context=context,
        period=list(period),
        against=list(against),
        forecast_days=forecast_days,
        words=words,
        query_id=query_id,
    )
