"""Pages of a list: what an address may ask for, and that nothing is told twice or left out."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest

from server.api.paging import cut_from_all
from server.store.jobs import JobRow, JobState, JobStore
from server.store.pages import Page
from server.store.state import open_state
from shared.backend_client import BackendClient
from tests.server.running import RunningBackend, start

ALIKE = 40
"""Of a hundred jobs, how many were submitted in the same millisecond."""


@pytest.fixture(scope="module")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    home = tmp_path_factory.mktemp("paging")
    running = start(home, [])
    fill(home)
    yield running
    running.stop()


def fill(home: Path) -> None:
    state = open_state("", home)
    store = JobStore(state)
    for number in range(100):
        moment = f"2026-01-01T00:00:{max(number, ALIKE):06.3f}+00:00"
        store.add(
            JobRow(
                id=f"{number:08d}-0000-4000-8000-000000000000",
                owner="gone" if number % 2 else "other",
                owner_name="100% Anna" if number % 10 == 0 else "Bob",
                connection="retail",
                sql_text=f"SELECT {number}",
                format="csv",
                node="elsewhere",
                runner="",
                secret="",
                created_at=moment,
                beat_at="2999-01-01T00:00:00+00:00",
                state=JobState.DONE if number % 4 else JobState.FAILED,
            ),
            lambda known, unfinished: None,
        )
    state.close()


def listed(backend: RunningBackend, **query: Any) -> Any:
    return backend.ask("GET", f"/api/jobs?{urlencode(query)}")


def all_pages(backend: RunningBackend, **query: Any) -> list[list[str]]:
    pages: list[list[str]] = []
    while True:
        answered = listed(backend, **query).json
        pages.append([job["id"] for job in answered["jobs"]])
        if answered["next"] is None:
            return pages
        query["after"] = answered["next"]


def flat(pages: list[list[str]]) -> list[str]:
    return [job_id for page in pages for job_id in page]


def test_pages_follow_one_another_without_a_gap_and_without_a_repeat(backend: RunningBackend) -> None:
    (whole,) = all_pages(backend)
    assert len(whole) == len(set(whole)) == 100
    assert whole == sorted(whole, reverse=True)
    for size in (7, 50, 99, 100, 1000):
        pages = all_pages(backend, limit=size)
        assert flat(pages) == whole
        assert {len(page) for page in pages[:-1]} <= {size}
        assert pages[-1]


def test_a_list_is_searched_and_filtered_and_then_paged(backend: RunningBackend) -> None:
    failed = flat(all_pages(backend, limit=9, state="failed"))
    assert len(failed) == 25
    assert len(flat(all_pages(backend, limit=3, search="100% aNNa"))) == 10
    assert all_pages(backend, search="select 42") == [["00000042-0000-4000-8000-000000000000"]]
    assert all_pages(backend, search="S%T") == [[]]
    assert all_pages(backend, search="_____") == [[]]
    assert all_pages(backend, search="!") == [[]]
    assert all_pages(backend, search="bob", state="running") == [[]]


def test_a_caller_pages_through_what_it_may_see_and_no_further(backend: RunningBackend) -> None:
    mark = listed(backend, limit=1).json["next"]
    other = backend.ask("GET", f"/api/jobs?after={mark}", key=backend.key("db_read"))
    assert other.json == {"jobs": [], "next": None}


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"limit": "ten"},
        {"limit": "1e2"},
        {"after": "nonsense"},
        {"after": "%ff%00"},
        {"after": urlsafe_b64encode(b"[1]").decode()},
        {"after": urlsafe_b64encode(b'["a"]').decode()},
        {"after": urlsafe_b64encode(b'["a", 1]').decode()},
        {"after": urlsafe_b64encode(rb'["a", "\u0000"]').decode()},
        {"after": urlsafe_b64encode(rb'["a", "\ud800"]').decode()},
        {"after": urlsafe_b64encode(b'["a", "' + b"b" * 5000 + b'"]').decode()},
        {"after": urlsafe_b64encode(b"[" * 1000).decode()},
        {"search": "a" * 201},
        {"search": "a\0b"},
        {"state": "asleep"},
    ],
)
def test_what_is_no_page_is_refused_in_a_sentence(backend: RunningBackend, query: dict[str, Any]) -> None:
    answered = listed(backend, **query)
    assert (answered.status, answered.json["code"]) == (400, "invalid_request")


def test_a_place_that_no_row_has_any_more_is_as_good(backend: RunningBackend) -> None:
    gone = msgspec.json.encode(["2026-01-01T00:00:50.000+00:00", "00000050-5"])
    answered = listed(backend, after=urlsafe_b64encode(gone).decode(), limit=1)
    assert [job["id"][:8] for job in answered.json["jobs"]] == ["00000050"]


def test_the_client_reads_every_page(backend: RunningBackend) -> None:
    with BackendClient(backend.url, backend.admin, retry_attempts=0) as client:
        assert len(client.list_jobs()) == 100
        assert [job.info.query for job in client.list_jobs(limit=2)] == ["SELECT 99", "SELECT 98"]
        assert len(client.list_jobs(state="failed", search="retail")) == 25


def test_a_list_in_memory_is_paged_in_the_same_way() -> None:
    names = ["delta", "alpha", "Charlie", "bravo"]

    def page(**asked: Any) -> tuple[list[str], str | None]:
        return cut_from_all(Page(**asked), names, lambda name: (name.lower(),), lambda name: [name])

    found, following = page(limit=2)
    assert (found, following is None) == (["alpha", "bravo"], False)
    assert page(limit=2, after=("bravo",)) == (["Charlie", "delta"], None)
    assert page(limit=2, search="AR") == (["Charlie"], None)
