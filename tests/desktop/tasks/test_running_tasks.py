"""Tasks in a real agent: at their time, once, late, side by side; by a clock that the test moves."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.desktop.tasks.moved import NINE, MovedClock, Tasked, eventually
from tests.peers.backend import json_reply, query_answer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def tasked(tmp_path: Path) -> Iterator[Tasked]:
    with Tasked(tmp_path, MovedClock(NINE - HOUR)) as tasked:
        yield tasked


def test_a_task_runs_at_its_time_and_its_answer_can_be_opened(tasked: Tasked) -> None:
    task = tasked.create()
    assert tasked.task(task)["next_at"] == "2026-11-27T03:30:00.000Z"
    tasked.quiet(task, 0)
    tasked.clock.put(NINE + timedelta(seconds=5))
    [run] = tasked.over(task)
    assert (run["status"], run["late"], run["row_count"]) == ("done", "", 2)
    assert run["occurrence"] == "2026-11-27T09:00"
    shown = tasked.task(task)
    assert shown["next_at"] == "2026-11-28T03:30:00.000Z"
    answer = tasked.agent.json("GET", f"/api/conversations/{shown['conversation_id']}")
    assert [turn["turn_id"] for turn in answer["turns"]] == [run["turn_id"]]
    assert tasked.agent.json("GET", "/api/conversations")["conversations"] == []
    tasked.quiet(task, 1)


def test_missed_runs_run_once_and_say_that_the_pc_was_off(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.end()
    tasked.clock.off(3 * DAY + 2 * HOUR)
    tasked.start()
    [run] = tasked.over(task)
    assert (run["occurrence"], run["late"]) == ("2026-11-30T09:00", "off")
    [late] = tasked.agent.json("GET", "/api/tasks")["late"]
    assert late["name"] == "Sales by zone"
    tasked.agent.json("POST", "/api/tasks/late/seen")
    assert tasked.agent.json("GET", "/api/tasks")["late"] == []
    tasked.end()
    tasked.start()
    tasked.quiet(task, 1)


def test_a_pc_that_was_on_while_the_agent_was_closed_is_not_said_to_have_been_off(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.end()
    tasked.clock.asleep(2 * HOUR)
    tasked.start()
    assert tasked.over(task)[0]["late"] == "closed"


def test_a_pc_that_slept_runs_what_it_missed_when_it_wakes(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.quiet(task, 0)
    tasked.clock.asleep(5 * HOUR)
    assert tasked.over(task)[0]["late"] == "asleep"


def test_a_clock_that_jumps_forward_is_named_and_back_makes_nothing_run_twice(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.quiet(task, 0)
    tasked.clock.put(NINE + 2 * HOUR)
    assert tasked.over(task)[0]["late"] == "clock"
    tasked.clock.put(NINE - HOUR)
    tasked.quiet(task, 1)
    assert tasked.task(task)["next_at"] == "2026-11-28T03:30:00.000Z"
    tasked.clock.put(NINE + timedelta(minutes=1))
    tasked.quiet(task, 1)


def test_a_clock_that_was_years_ahead_for_a_moment_stops_no_task(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.quiet(task, 0)  # a look that began before the jump would run the nine o'clock of today
    tasked.clock.put(NINE + 1500 * DAY)
    tasked.over(task)
    tasked.clock.put(NINE - HOUR)
    tasked.quiet(task, 1)
    assert tasked.task(task)["next_at"] == "2026-11-27T03:30:00.000Z"
    tasked.clock.put(NINE)
    tasked.over(task, 2)


def test_a_journey_west_makes_the_same_nine_o_clock_fall_due_once(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.clock.put(NINE)
    tasked.over(task)
    tasked.clock.travel(ZoneInfo("Asia/Dubai"))
    tasked.clock.asleep(2 * HOUR)
    tasked.quiet(task, 1)
    assert tasked.task(task)["next_at"] == "2026-11-28T05:00:00.000Z"


def test_a_journey_east_runs_what_nine_o_clock_there_has_passed(tmp_path: Path) -> None:
    clock = MovedClock(NINE - HOUR, ZoneInfo("Asia/Dubai"))
    with Tasked(tmp_path, clock) as tasked:
        task = tasked.create()
        tasked.quiet(task, 0)
        clock.asleep(2 * HOUR)  # 10:00 in India, 08:30 in Dubai
        tasked.quiet(task, 0)
        clock.travel(NINE.tzinfo)  # type: ignore[arg-type]  # it has one
        assert tasked.over(task)[0]["occurrence"] == "2026-11-27T09:00"


def test_a_run_that_is_still_going_is_not_run_beside_itself(tasked: Tasked) -> None:
    task = tasked.create(timetable={"kind": "interval", "every_minutes": 5})
    tasked.peer.release.clear()
    tasked.clock.put(NINE - HOUR + timedelta(minutes=5))
    tasked.look()
    assert tasked.peer.held.wait(30)
    tasked.clock.put(NINE - HOUR + timedelta(minutes=10))
    tasked.look()
    eventually(lambda: len(tasked.runs(task)) == 2)
    assert tasked.runs(task)[0]["status"] == "skipped"
    assert tasked.agent.http("POST", f"/api/tasks/{task}/run")[0] == 409
    tasked.peer.release.set()
    assert tasked.over(task, 2)[1]["status"] == "done"


def test_a_run_past_its_deadline_is_stopped_in_the_source(tasked: Tasked) -> None:
    task = tasked.create(deadline_seconds=1)
    tasked.peer.release.clear()
    tasked.agent.json("POST", f"/api/tasks/{task}/run")
    [run] = tasked.over(task)
    assert (run["status"], run["message"]) == ("failed", "It took longer than 1 seconds and was stopped.")
    eventually(lambda: tasked.peer.cancelled)


def test_a_run_is_stopped_by_the_person(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.peer.release.clear()
    tasked.agent.json("POST", f"/api/tasks/{task}/run")
    assert tasked.peer.held.wait(30)
    tasked.agent.json("POST", f"/api/tasks/{task}/stop")
    assert tasked.over(task)[0]["status"] == "stopped"
    eventually(lambda: tasked.peer.cancelled)


def test_a_paused_task_misses_its_time_and_does_not_make_up_for_it(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.agent.json("PATCH", f"/api/tasks/{task}", {"enabled": False})
    tasked.clock.put(NINE + HOUR)
    tasked.quiet(task, 0)
    tasked.agent.json("PATCH", f"/api/tasks/{task}", {"enabled": True})
    tasked.quiet(task, 0)
    tasked.clock.put(NINE + DAY)
    tasked.over(task)


def test_a_deleted_task_never_runs_and_comes_back_with_its_history(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.agent.json("POST", f"/api/tasks/{task}/run")
    tasked.over(task)
    tasked.agent.json("DELETE", f"/api/tasks/{task}")
    tasked.clock.put(NINE)
    tasked.look()
    assert tasked.agent.json("GET", "/api/tasks")["tasks"] == []
    tasked.agent.json("POST", f"/api/tasks/{task}/restore")
    tasked.quiet(task, 1)
    tasked.clock.put(NINE + DAY)
    tasked.over(task, 2)


def test_a_run_that_a_kill_broke_off_is_shown_so_and_runs_once_more(tasked: Tasked) -> None:
    task = tasked.create()
    tasked.peer.release.clear()
    tasked.clock.put(NINE)
    tasked.look()
    assert tasked.peer.held.wait(30)
    tasked.end()  # what runs is left as a kill would leave it
    tasked.peer.release.set()
    tasked.peer.cancelled.clear()
    tasked.clock.asleep(timedelta(minutes=3))
    tasked.start()
    again, broken = tasked.over(task, 2)
    assert (broken["status"], again["status"], again["late"]) == ("broken_off", "done", "closed")
    assert broken["occurrence"] == again["occurrence"]
    tasked.end()
    tasked.start()
    tasked.quiet(task, 2)


def test_a_run_whose_file_was_there_when_the_kill_came_is_not_run_again(
    tasked: Tasked, tmp_path: Path
) -> None:
    task = tasked.create()
    tasked.clock.put(NINE)
    [run] = tasked.over(task)
    file = tmp_path / "Sales.csv"
    file.write_text("there")
    seat = tasked.agent.serving.seat
    assert seat is not None
    seat.agent.agenda.runs.change(run["id"], status="running", file=str(file))
    tasked.end()
    tasked.start()
    tasked.quiet(task, 1)
    assert tasked.runs(task)[0]["status"] == "done"


def test_a_run_waits_for_a_backend_that_is_away_and_tries_again(tasked: Tasked) -> None:
    task = tasked.create()
    away = json_reply({"error": "Database unavailable", "code": "source_unavailable"}, status=503)
    good = tasked.peer.query
    tasked.peer.query = away
    tasked.clock.put(NINE)
    [run] = tasked.over(task)
    assert (run["status"], run["attempt"]) == ("waiting", 1)
    tasked.peer.query = good
    tasked.quiet(task, 1)
    assert tasked.runs(task)[0]["status"] == "waiting"
    tasked.clock.asleep(timedelta(minutes=1))
    tasked.look()
    done = eventually(lambda: [each for each in tasked.runs(task) if each["status"] == "done"])
    assert done[0]["attempt"] == 2


def test_a_change_is_measured_against_the_run_before(tasked: Tasked) -> None:
    condition = {"kind": "falls", "amount": "3", "percent": True, "any_row": True}
    task = tasked.create(condition=condition)
    for number, (north, status) in enumerate([("100", "quiet"), ("98", "quiet"), ("90", "done")], start=1):
        tasked.peer.query = query_answer(
            [("zone", "text"), ("net_sales", "decimal")], f'[["North",{north}]]'.encode(), 1
        )
        tasked.clock.put(NINE + DAY * number)
        run = tasked.over(task, number)[0]
        assert run["status"] == status, run
    assert "North fell by 8.16 %" in tasked.runs(task)[0]["message"]


def test_a_run_that_waits_is_given_up_when_its_task_is_paused(tasked: Tasked) -> None:
    task = tasked.create()
    there = tasked.peer.query
    tasked.peer.query = json_reply(
        {"error": "Database unavailable", "code": "source_unavailable"}, status=503
    )
    tasked.clock.put(NINE)
    assert tasked.over(task)[0]["status"] == "waiting"
    tasked.agent.json("PATCH", f"/api/tasks/{task}", {"enabled": False})
    tasked.peer.query = there
    tasked.clock.put(NINE + HOUR)
    [run] = eventually(lambda: [run for run in tasked.runs(task) if run["status"] == "failed"])
    assert run["message"] == "The task was paused."
    tasked.quiet(task, 1)
