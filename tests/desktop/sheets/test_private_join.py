"""What a model learns of a sheet by private joins: of two sheets that differ in their cells it is told the
same, whatever it asks. The backend runs the governed SQL."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

from desktop.sheets import telling
from desktop.sheets.asking import Amounts, Matched
from desktop.sheets.joining import Joining
from desktop.store.database import Database
from desktop.store.private_answers import MOST, PrivateAnswers
from desktop.tools.base import ToolContext
from desktop.tools.private_join import PrivateJoinArguments, PrivateJoinTool
from shared.errors import AppError, ToolRefused
from tests.desktop.running import RunningAgent
from tests.desktop.sheets.peer import SheetPeer
from tests.desktop.sheets.private_attacks import FAILING, PAIRS, ZONES
from tests.peers.backend import Asked, Reply

AMOUNTS = [9000, 1100.5, 1200, 1300, 1400, 2500, 2600, 2700, 2800, 2900, 3000, 3100]
CITIES = ["Zebrapur", "Agra", "Bhopal", "Cuttack", "Durgapur", "Erode", "Firozpur", "Guntur", "Hisar"]
CITIES += ["Indore", "Jaipur", "Kota"]
ZONES_OF = ["North", "South", "East"] * 4


class ComputingPeer(SheetPeer):
    """Answers a streamed query with what DuckDB makes of it, over a table of its own."""

    def _reply(self, asked: Asked) -> Reply:
        if asked.path != "/api/query" or "ndjson" not in asked.headers.get("Accept", ""):
            return super()._reply(asked)
        self.asked_bodies.append(asked.body)
        with duckdb.connect() as connection:
            connection.execute(
                "CREATE TABLE sales AS SELECT * FROM "
                "(VALUES ('North', 100.5), ('South', 200.25), ('West', 7)) AS t(zone, net_amount)"
            )
            answer = connection.execute(asked.json["query"])
            head = [
                {"name": column[0], "type": "text" if column[1] == "VARCHAR" else "decimal"}
                for column in answer.description or []
            ]
            rows = answer.fetchall()
        lines: list[Any] = [{"query_id": "q", "columns": head}]
        lines += [[cell if isinstance(cell, str) else float(cell) for cell in row] for row in rows]
        lines.append({"row_count": len(rows), "truncated": False, "elapsed_ms": 1.0, "cached": False})
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return Reply(body=body, headers={"Content-Type": "application/x-ndjson"})


def sheet(cities: Sequence[str], zones: Sequence[str], amounts: Sequence[float]) -> str:
    lines = [
        f"S{n},{city},{zone},{amount}"
        for n, (city, zone, amount) in enumerate(zip(cities, zones, amounts, strict=True), start=1)
    ]
    return "\n".join(["Shop,City,Zone,Amount", *lines, ""])


ONE = sheet(CITIES, ZONES_OF, AMOUNTS)
OTHER = sheet(["Lucknow", *CITIES[:0:-1]], ZONES_OF[1:] + ZONES_OF[:1], AMOUNTS[5:] + AMOUNTS[:5])


class Telling:
    """The tool over the sheet ``plan``, as an agent of its own runs it."""

    def __init__(self, agent: RunningAgent, folder: Path, plan: str) -> None:
        folder.mkdir()
        (folder / "plan.csv").write_text(plan, encoding="utf-8")
        seat = agent.serving.seat
        assert seat is not None
        self._inner = seat.agent
        grant = self._inner.grants.add(str(folder))
        self._inner.sheets.open(f"{grant.name}/plan.csv")
        joining = Joining(self._inner.sheets, self._inner.backend.client)
        self.answers = PrivateAnswers(self._inner.database)
        self._tool = PrivateJoinTool(joining, self._inner.queries, self.answers)
        self.begin()

    def begin(self) -> None:
        """A new conversation."""
        self.conversation = self._inner.conversations.create().id

    def of(self, governed: str, sql: str) -> dict[str, Any]:
        """What goes to the model: an answer, or a failure."""
        turn = self._inner.turns.start(self.conversation, "q")
        arguments = {
            "table": "plan",
            "governed_sql": governed,
            "on": [{"local": "Zone", "governed": "zone"}],
            "sql": sql,
            "title": "t",
        }
        context = ToolContext("retail", turn.conversation_id, turn.id, lambda: None, lambda _: lambda: None)
        try:
            output = self._tool.run(msgspec.convert(arguments, PrivateJoinArguments), context)
        except AppError as error:
            return {"error": str(error)}
        assert output.cells is None
        return {key: value for key, value in output.for_model.items() if key != "result_id"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Telling, Telling]]:
    """Over two sheets that differ in every cell, and not in what may be told."""
    one, other = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("other")
    with (
        ComputingPeer() as peer,
        RunningAgent(one, backend_url=peer.url) as first,
        RunningAgent(other, backend_url=peer.url) as second,
    ):
        yield Telling(first, one / "Plans", ONE), Telling(second, other / "Plans", OTHER)


@pytest.mark.slow
def test_fifty_attacks_are_told_the_same_of_sheets_that_differ(both: tuple[Telling, Telling]) -> None:
    assert len(PAIRS) >= 50
    shown = []
    for number, pair in enumerate(PAIRS):
        if number % 20 == 0:
            for telling_ in both:
                telling_.begin()
        here, there = (telling_.of(*pair) for telling_ in both)
        assert here == there, pair
        if "error" not in here:
            shown.append(here)
    assert all(answer["totals_of_the_sheet"] == {"Amount": sum(AMOUNTS)} for answer in shown)
    assert len(shown) > 40  # the others are refused, or meant to fail in both


def test_what_is_left_to_an_attack_is_a_bit_an_answer_and_the_answers_end(
    both: tuple[Telling, Telling],
) -> None:
    here, there = both
    here.begin()
    there.begin()
    assert [("error" in here.of(ZONES, sql), "error" in there.of(ZONES, sql)) for sql in FAILING] == [
        (True, False),
        (True, False),
    ]
    sentences = {here.of(ZONES, sql)["error"] for sql in FAILING}
    assert len(sentences) == 1
    assert "Zebrapur" not in str(sentences)
    for _ in range(MOST - 4):
        here.answers.take(here.conversation)
    last = here.of(ZONES, FAILING[0])
    assert "a new conversation" in last["error"]
    assert last == here.of(ZONES, "SELECT 1")
    here.begin()
    assert here.of(ZONES, "SELECT 1 AS x FROM joined")["found_a_match"] == telling.MOST


def test_the_answers_of_a_day_are_counted_for_each_conversation_and_over_a_restart(tmp_path: Path) -> None:
    days = ["2026-11-29"]
    file = tmp_path / "agent.db"
    for _ in range(MOST // 2):
        PrivateAnswers(Database(file), lambda: days[-1]).take("one")
    with ThreadPoolExecutor(4) as pool:  # calls of a reply run side by side
        answers = PrivateAnswers(Database(file), lambda: days[-1])
        tries = [pool.submit(answers.take, "one") for _ in range(MOST)]
        refused = [one.exception() for one in tries]
    assert sum(one is None for one in refused) == MOST - MOST // 2
    assert {type(one) for one in refused if one} == {ToolRefused}
    answers.take("other")
    days.append("2026-11-30")
    for _ in range(MOST):
        answers.take("one")
    with pytest.raises(ToolRefused, match="new conversation"):
        answers.take("one")


def test_guessing_names_gives_one_of_two_answers(both: tuple[Telling, Telling]) -> None:
    here, _ = both
    here.begin()
    sql = "SELECT net FROM joined"
    few, none, most = (
        here.of(f"SELECT zone, 1 AS net FROM (VALUES {values}) AS t(zone)", sql)["found_a_match"]
        for values in ("('North')", "('Nowhere')", "('North'), ('South')")
    )
    assert (few, none, most) == (telling.FEW, telling.FEW, telling.MOST)


@pytest.mark.parametrize(
    ("amounts", "told"),
    [
        (Amounts("a", 12, "32600.5", "9000", "32600.5"), {"a": 32600.5}),
        (Amounts("a", 4, "10", "4", "10"), {}),  # four amounts
        (Amounts("a", 5, "987658", "987654", "987658"), {}),  # one, and four that hide it
        (Amounts("a", 6, "-1", "6", "21"), {"a": -1.0}),
        (Amounts("a", 6, "nan", "nan", "nan"), {}),
        (Amounts("a", 6, "inf", "inf", "inf"), {}),
        (Amounts("a", 0, "0", "0", "0"), {}),
    ],
)
def test_a_total_is_told_when_it_is_nobodys_cell(amounts: Amounts, told: dict[str, float]) -> None:
    assert telling.totals([amounts]) == told


def test_of_a_sheet_of_few_rows_nothing_is_told_of_what_matched() -> None:
    assert telling.match(Matched(4, 4, 9, 4)) == telling.match(Matched(4, 0, 9, 0)) == telling.UNTOLD
    assert telling.match(Matched(6, 3, 9, 3)) == telling.MOST
    assert telling.match(Matched(6, 2, 9, 2)) == telling.FEW
