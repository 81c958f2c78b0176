"""A run whose model is away: it tries again, and then a report is the analyst's, a watch nobody's."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from desktop.tasks.work import RETRY_MINUTES
from tests.desktop.tasks.moved import NINE, MovedClock, Tasked, eventually
from tests.peers.gemini import GeminiPeer
from tests.peers.model_script import Fail, Turn, call, text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SQL = "SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone"


def test_after_all_tries_a_report_is_the_analysts_and_stays_out_of_the_chart(tmp_path: Path) -> None:
    script: list[Turn] = [call("query", sql=SQL, title="t"), text("North leads.")]
    with (
        GeminiPeer(script, otherwise=Fail(429, "Quota exceeded", retry_delay="57s")) as model,
        Tasked(tmp_path / "home", MovedClock(NINE - HOUR), gemini_url=model.url) as tasked,
    ):
        report = tasked.create()
        tasked.clock.put(NINE)
        [first] = tasked.over(report)
        assert (first["status"], first["row_count"], first["message"]) == ("done", 2, "")
        watch = tasked.create(condition={"kind": "above", "amount": "1"})
        tasked.clock.put(NINE + DAY)
        for tried, minutes in enumerate(RETRY_MINUTES, start=1):
            for task in (report, watch):
                eventually(partial(_waits, tasked, task, tried))
            tasked.clock.asleep(timedelta(minutes=minutes))
        stood_in, failed = (eventually(partial(_over, tasked, task)) for task in (report, watch))
        assert stood_in["status"] == "done", stood_in
        assert stood_in["message"].startswith("Gemini did not answer, so the built-in analyst did.")
        assert (stood_in["figure"], stood_in["value"], stood_in["row_count"]) == ("", None, None)
        assert stood_in["result_id"]
        assert failed["status"] == "failed"
        assert failed["message"].startswith("The quota of the Gemini key is used up")
        assert "analyst" not in failed["message"]


def _waits(tasked: Tasked, task: str, tried: int) -> bool:
    tasked.look()
    newest = tasked.runs(task)[0]
    return (newest["status"], newest["attempt"]) == ("waiting", tried)


def _over(tasked: Tasked, task: str) -> dict[str, Any] | None:
    tasked.look()
    newest = tasked.runs(task)[0]
    return newest if newest["status"] in ("done", "failed") else None
