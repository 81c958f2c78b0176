"""One question in the terminal, through every layer, over the demo data."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.journeys.processes import Running, desktop


def by_hand(home: Path, sql: str) -> list[Any]:
    data = home / "demo" / "data"
    with duckdb.connect() as connection:
        for table in ("sales", "stores", "products"):
            connection.execute(f"CREATE VIEW {table} AS SELECT * FROM '{data}/{table}.parquet'")
        return connection.execute(sql).fetchall()


def test_a_newcomer_gets_the_right_figures_as_the_documented_json(home: Path) -> None:
    done = desktop(home, "ask", "--json", "net sales by zone last financial year")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout, parse_float=Decimal)
    assert list(answer) == ["answer", "connection", "sql", "columns", "rows", "chart", "model", "status"]
    assert (answer["status"], answer["connection"]) == ("answered", "retail")
    gold = by_hand(
        home,
        "SELECT zone, sum(net_amount) FROM sales JOIN stores USING (store_id) "
        "WHERE date BETWEEN '2024-04-01' AND '2025-03-31' GROUP BY zone",
    )
    assert {row[0]: row[1] for row in answer["rows"]} == dict(gold)


def test_in_words_it_tells_how_it_read_the_question_the_table_the_sentence_and_the_sql(home: Path) -> None:
    done = desktop(home, "ask", "net sales by zone last financial year")
    parts = ("Period: Apr 2024 to Mar 2025", "₹11,79,54,757", "North", "SELECT", "GROUP BY")
    places = [done.stdout.find(part) for part in parts]
    assert -1 not in places, done.stdout
    assert places[0] < places[1] < places[3]
    assert "**" not in done.stdout


def test_a_follow_up_goes_on_with_its_conversation(home: Path) -> None:
    first = desktop(home, "ask", "--json", "--conversation", "monday", "net sales in Bihar last month")
    second = desktop(home, "ask", "--json", "--conversation", "monday", "and by category?")
    assert (first.returncode, second.returncode) == (0, 0), second.stdout
    assert "Bihar" in json.loads(second.stdout)["sql"]


def test_what_is_not_understood_is_refused_by_name_with_its_exit_code(home: Path) -> None:
    done = desktop(home, "ask", "--json", "how happy is the flurbl of our moonbase")
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["rows"]) == (1, "cannot_answer", [])


@pytest.mark.parametrize(
    "arguments",
    [("ask",), ("ask", "--as-of", "yesterday", "x"), ("ask", "--config", "nowhere.yaml", "x"), ("dance",)],
)
def test_wrong_usage_ends_with_two_and_no_traceback(home: Path, arguments: tuple[str, ...]) -> None:
    done = desktop(home, *arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_unknown_connection_and_an_unreachable_backend_are_one_sentence(home: Path) -> None:
    done = desktop(home, "ask", "--connection", "nowhere", "total sales")
    assert done.returncode == 1
    assert "There is no connection called 'nowhere'" in done.stderr
    done = desktop(home, "ask", "--url", "http://127.0.0.1:9", "--key", "k", "total sales")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_ask_uses_the_demo_that_the_window_has_started(home: Path) -> None:
    with Running(home, "--no-window") as agent:
        events = agent.ask("total net sales last month")
        assert events[-1]["status"] == "answered"
        done = desktop(home, "ask", "total net sales last month")
        assert done.returncode == 0
        assert done.stderr == ""  # nothing was started
        assert agent.end() == 0


def test_where_people_must_sign_in_the_terminal_answers_nobody(tmp_path: Path) -> None:
    settings = (
        "google_oauth: {client_id: x, required: true}\nbackend: {url: 'http://127.0.0.1:1', api_key: k}\n"
    )
    (tmp_path / "chatbot_config.yaml").write_text(settings)
    done = desktop(tmp_path, "ask", "net sales")
    assert done.returncode == 1
    assert done.stderr.startswith("error: Ask in the window")
    assert done.stderr.count("\n") == 1


def test_when_the_model_is_away_the_analyst_answers_and_says_so(home: Path) -> None:
    away = {"GEMINI_API_KEY": "test-key"}
    (home / "away.yaml").write_text(
        'gemini: {api_key: "${GEMINI_API_KEY}", base_url: "http://127.0.0.1:9"}\n', encoding="utf-8"
    )
    done = desktop(home, "ask", "--config", str(home / "away.yaml"), "--json", "net sales by zone", **away)
    answer = json.loads(done.stdout)
    assert (done.returncode, answer["status"], answer["model"]) == (0, "answered", "Built-in analyst")
    assert answer["answer"].startswith("Gemini did not answer, so the built-in analyst did.")
    assert len(answer["rows"]) > 1
