"""Jobs over HTTP: from submission to result, and every way in which they end."""

import http.client
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import zstandard
from pyarrow import ipc

from shared.settings import BackendSettings, DatabaseSection, JobsSection
from tests.peers.typed import typed_kind
from tests.server.running import Answered, RunningBackend, start, wait_until


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[RunningBackend]:
    running = begun(tmp_path)
    yield running
    running.stop()


def begun(home: Path, **jobs: Any) -> RunningBackend:
    settings = BackendSettings(
        database=DatabaseSection(max_connections=4, connection_timeout=2), jobs=JobsSection(**jobs)
    )
    running = start(home, [typed_kind()], settings)
    running.ask("POST", "/api/connections", {"name": "typed", "type": "typed", "params": {}})
    return running


def submit(backend: RunningBackend, table: str, *, key: str | None = None, **more: Any) -> Answered:
    body = {"connection": "typed", "query": f"SELECT * FROM {table}", **more}
    return backend.ask("POST", "/api/jobs", body, key=key)


def job(backend: RunningBackend, job_id: str) -> Any:
    return backend.ask("GET", f"/api/jobs/{job_id}").json


def finished(backend: RunningBackend, job_id: str) -> Any:
    wait_until(lambda: job(backend, job_id)["state"] not in ("queued", "running"))
    return job(backend, job_id)


def result(backend: RunningBackend, job_id: str, **headers: str) -> Answered:
    return backend.ask("GET", f"/api/jobs/{job_id}/result", headers=headers)


def files(backend: RunningBackend) -> list[Path]:
    return list((backend.home / "backend" / "jobs").glob("*.sealed"))


def test_a_job_is_submitted_done_and_its_result_read(backend: RunningBackend) -> None:
    submitted = submit(backend, "long", max_rows=50_000, format="csv")
    assert submitted.status == 202
    assert submitted.json["state"] == "queued"
    ended = finished(backend, submitted.json["id"])
    assert (ended["state"], ended["rows"], ended["percent"], ended["error"]) == ("done", 50_000, 100.0, None)
    answered = result(backend, ended["id"])
    assert answered.headers["content-type"].startswith("text/csv")
    assert int(answered.headers["content-length"]) == ended["bytes"] == len(answered.body)
    assert answered.body.count(b"\r\n") == 50_001
    assert result(backend, ended["id"]).body == answered.body
    assert ended["expires_at"] > ended["finished_at"]


def test_every_format_can_be_the_result_of_a_job(backend: RunningBackend) -> None:
    for name in ("json", "ndjson", "csv", "arrow", "parquet", "xlsx"):
        ended = finished(backend, submit(backend, "rows", format=name).json["id"])
        assert (ended["state"], ended["rows"]) == ("done", 3)
        assert len(result(backend, ended["id"]).body) == ended["bytes"] > 100
    arrow = finished(backend, submit(backend, "long", max_rows=9, format="arrow").json["id"])
    assert ipc.open_stream(result(backend, arrow["id"]).body).read_all().num_rows == 9


def test_a_result_lies_sealed_on_the_disk_and_can_be_read_from_any_place(backend: RunningBackend) -> None:
    ended = finished(backend, submit(backend, "long", max_rows=30_000, format="csv").json["id"])
    (file,) = files(backend)
    assert b"row, " not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    whole = result(backend, ended["id"]).body
    for begin, end in ((0, 0), (65_535, 65_536), (200_000, 333_333), (len(whole) - 1, len(whole) - 1)):
        part = result(backend, ended["id"], Range=f"bytes={begin}-{end}")
        assert (part.status, part.body) == (206, whole[begin : end + 1])
        assert part.headers["content-range"] == f"bytes {begin}-{end}/{len(whole)}"
    assert result(backend, ended["id"], Range="bytes=100000-").body == whole[100_000:]
    assert result(backend, ended["id"], Range=f"bytes={len(whole)}-").status == 200
    packed = result(backend, ended["id"], **{"Accept-Encoding": "zstd"})
    assert zstandard.ZstdDecompressor().decompressobj().decompress(packed.body) == whole


def test_a_result_is_read_while_it_is_written(backend: RunningBackend) -> None:
    submitted = submit(backend, "endless", format="ndjson").json
    connection = backend.connect()
    connection.request("GET", f"/api/jobs/{submitted['id']}/result", headers=backend.headers())
    response = connection.getresponse()
    seen = response.read(500_000)
    assert job(backend, submitted["id"])["state"] == "running"
    assert seen.count(b"\n") > 1_000
    assert backend.ask("DELETE", f"/api/jobs/{submitted['id']}").status == 204
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        response.read()
    connection.close()


def test_progress_is_told_and_a_cancelled_job_stops_inside_its_source(backend: RunningBackend) -> None:
    submitted = submit(backend, "endless").json
    wait_until(lambda: job(backend, submitted["id"])["read_rows"] > 0)
    running = job(backend, submitted["id"])
    assert (running["state"], running["percent"]) == ("running", 50.0)
    assert running["rows"] > 0
    assert backend.ask("DELETE", f"/api/jobs/{submitted['id']}").status == 204
    assert finished(backend, submitted["id"])["state"] == "cancelled"
    wait_until(lambda: len(backend.serving.backend.queries) == 0)
    wait_until(lambda: not files(backend))
    assert result(backend, submitted["id"]).json["code"] == "query_cancelled"
    assert backend.ask("DELETE", f"/api/jobs/{submitted['id']}").status == 204
    assert backend.ask("GET", f"/api/jobs/{submitted['id']}").status == 404


def test_a_job_that_fails_says_why_and_keeps_nothing(backend: RunningBackend) -> None:
    for name in ("csv", "json"):
        ended = finished(backend, submit(backend, "failing", format=name).json["id"])
        assert (ended["state"], ended["error"]["code"]) == ("failed", "query_failed")
        assert ended["bytes"] == 0
        answered = result(backend, ended["id"])
        assert (answered.status, answered.json["error"]) == (400, "Division by zero.")
    wait_until(lambda: not files(backend))


def test_a_job_has_a_deadline_of_its_own(tmp_path: Path) -> None:
    backend = begun(tmp_path, timeout=0.5)
    try:
        ended = finished(backend, submit(backend, "endless").json["id"])
        assert (ended["state"], ended["error"]["code"]) == ("failed", "query_timeout")
    finally:
        backend.stop()


def test_results_are_bounded_in_bytes(tmp_path: Path) -> None:
    backend = begun(tmp_path, max_mb=1, total_mb=1)
    try:
        ended = finished(backend, submit(backend, "endless").json["id"])
        assert (ended["state"], ended["error"]["code"]) == ("failed", "too_large")
        finished(backend, submit(backend, "long", max_rows=50_000).json["id"])
        assert finished(backend, submit(backend, "long", max_rows=5_000).json["id"])["state"] == "done"
        refused = submit(backend, "rows")
        assert (refused.status, refused.json["code"]) == (413, "too_large")
    finally:
        backend.stop()


def test_results_that_grow_side_by_side_are_bounded_together(tmp_path: Path) -> None:
    backend = begun(tmp_path, max_mb=1_000, total_mb=5, max_running=2)
    try:
        jobs = [submit(backend, "endless").json["id"] for _ in range(2)]
        ended = [finished(backend, job_id) for job_id in jobs]
        assert any(one["state"] == "failed" and one["error"]["code"] == "too_large" for one in ended)
        assert sum(one["bytes"] for one in ended) <= 5 * 1024 * 1024
    finally:
        backend.stop()


def test_results_are_bounded_in_age(tmp_path: Path) -> None:
    backend = begun(tmp_path, keep_hours=1 / 3600)
    try:
        ended = finished(backend, submit(backend, "rows").json["id"])
        wait_until(lambda: backend.ask("GET", f"/api/jobs/{ended['id']}").status == 404)
        assert not files(backend)
    finally:
        backend.stop()


def test_only_so_many_run_at_a_time_and_one_that_waits_can_be_cancelled(tmp_path: Path) -> None:
    backend = begun(tmp_path, max_running=1)
    try:
        first, second = submit(backend, "endless").json["id"], submit(backend, "endless").json["id"]
        wait_until(lambda: job(backend, first)["state"] == "running")
        assert job(backend, second)["state"] == "queued"
        backend.ask("DELETE", f"/api/jobs/{second}")
        assert finished(backend, second)["state"] == "cancelled"
        third = submit(backend, "rows").json["id"]
        backend.ask("DELETE", f"/api/jobs/{first}")
        assert finished(backend, third)["state"] == "done"
    finally:
        backend.stop()


def test_a_job_is_seen_by_its_owner_and_by_administrators_only(backend: RunningBackend) -> None:
    mine, other = backend.key("db_read", "data_export"), backend.key("db_read", "data_export")
    job_id = submit(backend, "rows", key=mine).json["id"]
    finished(backend, job_id)
    for method, path in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        assert backend.ask(method, f"/api/jobs/{job_id}{path}", key=other).status == 404
    assert backend.ask("GET", f"/api/jobs/{job_id}/result", key=mine).status == 200
    assert backend.ask("GET", "/api/jobs", key=other).json["jobs"] == []
    assert [found["id"] for found in backend.ask("GET", "/api/jobs", key=mine).json["jobs"]] == [job_id]
    assert [found["id"] for found in backend.ask("GET", "/api/jobs").json["jobs"]] == [job_id]


def test_without_the_permission_to_export_a_job_gives_one_page_and_no_file(backend: RunningBackend) -> None:
    reader = backend.key("db_read")
    assert submit(backend, "rows", key=reader, format="parquet").status == 403
    ended = finished(backend, submit(backend, "long", key=reader, max_rows=50_000).json["id"])
    assert ended["rows"] == 1_000


def test_a_key_that_is_revoked_loses_its_jobs(backend: RunningBackend) -> None:
    key = backend.key("db_read", "data_export")
    done, endless = (submit(backend, table, key=key).json for table in ("rows", "endless"))
    finished(backend, done["id"])
    wait_until(lambda: job(backend, endless["id"])["state"] == "running")
    assert backend.ask("DELETE", f"/api/keys/{done['owner']}").status == 204
    wait_until(lambda: backend.ask("GET", "/api/jobs").json["jobs"] == [])
    wait_until(lambda: not files(backend))
    wait_until(lambda: len(backend.serving.backend.queries) == 0)


def test_a_key_that_expires_stops_its_jobs_and_their_results_stay(backend: RunningBackend) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=6)  # by then the short job is done
    keys = backend.serving.backend.keys
    key, _ = keys.create("short", permissions=["db_read", "data_export"], expires_at=soon)
    done, endless = (submit(backend, table, key=key).json for table in ("rows", "endless"))
    finished(backend, done["id"])
    ended = finished(backend, endless["id"])
    assert (ended["state"], ended["error"]["code"]) == ("failed", "not_authenticated")
    wait_until(lambda: len(backend.serving.backend.queries) == 0)
    wait_until(lambda: len(files(backend)) == 1)
    assert result(backend, done["id"]).status == 200


def test_the_permission_to_export_is_asked_for_again_at_download(backend: RunningBackend) -> None:
    clerk = backend.key("db_read", "system_admin")
    for table, format_, status in (("rows", "csv", 403), ("long", "json", 403), ("rows", "json", 200)):
        ended = finished(backend, submit(backend, table, format=format_, max_rows=2_000).json["id"])
        answered = backend.ask("GET", f"/api/jobs/{ended['id']}/result", key=clerk)
        assert answered.status == status
        if status == 403:
            assert "data_export" in answered.json["error"]


def test_what_is_still_written_is_not_read_by_whom_it_may_be_too_much_for(backend: RunningBackend) -> None:
    clerk = backend.key("db_read", "system_admin")
    endless = submit(backend, "endless").json["id"]
    wait_until(lambda: job(backend, endless)["rows"] > 1_000)
    assert backend.ask("GET", f"/api/jobs/{endless}/result", key=clerk).status == 403


def test_a_restart_keeps_results_and_is_honest_about_what_ran(tmp_path: Path) -> None:
    backend = begun(tmp_path)
    done = finished(backend, submit(backend, "rows", format="csv").json["id"])
    running, killed = (submit(backend, "endless").json["id"] for _ in range(2))
    wait_until(lambda: job(backend, running)["state"] == "running")
    body = result(backend, done["id"]).body
    backend.stop()
    with sqlite3.connect(tmp_path / "backend" / "state.db") as state:  # as if it had been killed
        state.execute("UPDATE jobs SET runner = 'dead', state = 'running', error = '' WHERE id = ?", [killed])
    orphan = tmp_path / "backend" / "jobs" / "b3f0c7de-0000-4000-8000-000000000000.sealed"
    orphan.write_bytes(b"half a result")
    (orphan.parent / "dead.alive").touch()
    again = begun(tmp_path)
    try:
        assert result(again, done["id"]).body == body
        assert "stopped" in job(again, running)["error"]["error"]
        told = finished(again, killed)
        assert (told["state"], "restarted" in told["error"]["error"]) == ("failed", True)
        wait_until(lambda: not orphan.exists())
        assert len(files(again)) == 1
        assert len(list((tmp_path / "backend" / "jobs").glob("*.alive"))) == 1
    finally:
        again.stop()


def test_a_damaged_result_is_cut_off_and_never_passed_off_as_whole(backend: RunningBackend) -> None:
    ended = finished(backend, submit(backend, "long", max_rows=30_000).json["id"])
    (file,) = files(backend)
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    with pytest.raises(http.client.IncompleteRead):
        result(backend, ended["id"])
    os.truncate(file, 65_552)
    with pytest.raises((http.client.IncompleteRead, http.client.RemoteDisconnected)):
        result(backend, ended["id"])
    file.unlink()
    assert result(backend, ended["id"]).status == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"connection": "typed", "query": "SELECT * FROM rows", "format": "pdf"}, 400, "invalid_request"),
        ({"connection": "typed", "query": "DELETE FROM rows"}, 400, "query_refused"),
        ({"connection": "nowhere", "query": "SELECT 1"}, 404, "not_found"),
        ({"connection": "typed", "query": "SELECT 1", "query_id": "7"}, 400, "invalid_request"),
        ({"connection": "typed", "query": "SELECT 1", "max_rows": 0}, 400, "invalid_request"),
        ({"connection": "typed", "query": 1}, 400, "invalid_request"),
    ],
)
def test_what_cannot_become_a_job_is_refused_at_once(
    backend: RunningBackend, body: object, status: int, code: str
) -> None:
    answered = backend.ask("POST", "/api/jobs", body)
    assert (answered.status, answered.json["code"]) == (status, code)


def test_an_id_is_taken_once_and_a_key_has_a_bounded_number_of_unfinished_jobs(
    backend: RunningBackend,
) -> None:
    chosen = "c0ffee00-0000-4000-8000-000000000001"
    assert submit(backend, "endless", query_id=chosen).json["id"] == chosen
    assert submit(backend, "endless", query_id=chosen).status == 409
    for _ in range(19):
        assert submit(backend, "endless").status == 202
    refused = submit(backend, "endless")
    assert (refused.status, refused.json["code"]) == (429, "rate_limited")
    assert backend.ask("GET", "/api/jobs/nonsense").status == 400


def test_the_bound_holds_for_jobs_that_are_submitted_in_the_same_moment(backend: RunningBackend) -> None:
    statuses: list[int] = []

    def some() -> None:
        statuses.extend(submit(backend, "endless").status for _ in range(4))

    threads = [threading.Thread(target=some) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (statuses.count(202), statuses.count(429)) == (20, 12)


def test_one_that_is_cancelled_while_it_waits_is_audited_as_cancelled(tmp_path: Path) -> None:
    backend = begun(tmp_path, max_running=1)
    try:
        first, second = submit(backend, "endless").json["id"], submit(backend, "endless").json["id"]
        for job_id in (second, first):
            backend.ask("DELETE", f"/api/jobs/{job_id}")
        wait_until(lambda: sum(line["action"] == "jobs.end" for line in backend.audit()) == 2)
        ends = [line for line in backend.audit() if line["action"] == "jobs.end"]
        assert {line["query_id"] for line in ends} == {first, second}
        assert {(line["status"], line["code"]) for line in ends} == {(499, "query_cancelled")}
    finally:
        backend.stop()


def test_a_job_leaves_a_line_in_the_audit_trail_when_it_ends(backend: RunningBackend) -> None:
    ended = finished(backend, submit(backend, "rows").json["id"])
    wait_until(lambda: any(line["action"] == "jobs.end" for line in backend.audit()))
    (line,) = [line for line in backend.audit() if line["action"] == "jobs.end"]
    assert (line["query_id"], line["row_count"], line["status"]) == (ended["id"], 3, 200)


def test_many_jobs_at_once_all_end(backend: RunningBackend) -> None:
    ids: list[str] = []

    def some() -> None:
        ids.extend(submit(backend, "long", max_rows=20_000).json["id"] for _ in range(4))

    threads = [threading.Thread(target=some) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {finished(backend, job_id)["state"] for job_id in ids} == {"done"}
