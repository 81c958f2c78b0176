"""A result that is not read to its end."""

from collections.abc import Iterator

from shared.results import Batch, Column, ColumnType, Result, Rows


def test_closing_ends_what_the_batches_hold_after_the_work_was_stopped() -> None:
    ended: list[str] = []

    def batches() -> Iterator[Batch]:
        try:
            while True:
                yield Rows([[1]])
        finally:
            ended.append("batches")

    result = Result([Column("n", ColumnType.INTEGER)], batches(), close=lambda: ended.append("work"))
    assert next(result.batches()).count == 1
    result.close()
    result.close()
    assert ended == ["work", "batches"]


def test_batches_may_close_their_own_result_at_their_end() -> None:
    closed: list[str] = []

    def batches() -> Iterator[Batch]:
        yield Rows([[1]])
        result.close()

    result = Result([Column("n", ColumnType.INTEGER)], batches(), close=lambda: closed.append("work"))
    assert [batch.count for batch in result.batches()] == [1]
    assert closed == ["work"]
