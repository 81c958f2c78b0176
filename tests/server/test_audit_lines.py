"""What a line says of a change, of a refusal that repeats, and under which id."""

import json

import msgspec
import pytest

from server.store.audit import AuditLine
from server.store.audit.line import FIELDS, values_of
from server.store.audit.repeats import Repeats
from tests.server.running import RunningBackend, wait_until

REFUSED = AuditLine(
    at="2026-11-28T10:00:00.000+00:00",
    request_id="r",
    key_id="",
    key_name="",
    address="10.0.0.1",
    action="query.run",
    connection="",
    query_id="",
    sql_text="",
    tables="",
    row_count=None,
    status=401,
    code="not_authenticated",
    elapsed_ms=0.1,
)


def test_a_change_tells_what_was_changed_in_names_of_fields_and_no_value(backend: RunningBackend) -> None:
    params = {"root": "/data", "password": "top-secret-1", "to'p\nsecret": 1}
    backend.ask("POST", "/api/connections", {"name": "shop", "type": "numbers", "params": params})
    backend.ask("PUT", "/api/connections/numbers", {"params": {"password": "top-secret-2"}})
    backend.ask(
        "POST", "/api/users", {"username": "asha", "email": "asha@vmart.example", "roles": ["viewer"]}
    )
    backend.ask("DELETE", "/api/users/asha")
    backend.ask("DELETE", "/api/connections/no-such")
    wait_until(lambda: any(line["target"] == "no-such" for line in backend.audit()))
    lines = backend.audit()
    told = [(line["action"], line["target"], line["detail"]) for line in lines[1:]]
    assert told == [
        ("connections.create", "shop", "name type params.root params.password"),
        ("connections.update", "numbers", "params.password"),
        ("users.create", "asha", "username email roles"),
        ("users.delete", "asha", ""),
        ("connections.delete", "no-such", ""),
    ]
    assert "top-secret" not in json.dumps(lines)


def test_the_line_of_a_streamed_answer_is_safe_before_its_last_byte_has_arrived(
    backend: RunningBackend,
) -> None:
    for _ in range(20):
        answer = backend.ask("GET", "/api/audit/export")
        assert answer.headers["transfer-encoding"] == "chunked"
        spooled = b"".join(file.read_bytes() for file in (backend.home / "backend" / "audit").glob("*.spool"))
        request_id = answer.headers["x-request-id"]
        assert request_id.encode() in spooled or request_id in {
            line["request_id"] for line in backend.audit()
        }


def test_refusals_that_repeat_are_counted_and_told_in_one_line(backend: RunningBackend) -> None:
    for _ in range(40):
        backend.ask("GET", "/api/connections", key="vmart_wrong")
    audit = backend.serving.backend.audit
    backend.stop()
    assert audit.waiting == 0
    lines = [line for line in backend.audit() if line["status"] in (401, 429)]
    summaries = [line for line in lines if line["action"] == "audit.repeated"]
    counted = sum(int(line["detail"].split()[0]) for line in summaries)
    assert len(lines) - len(summaries) <= 20
    assert len(lines) - len(summaries) + counted == 40
    assert {line["address"] for line in lines} == {"127.0.0.1"}


def test_refusals_are_counted_for_each_caller_and_minute_and_never_without_bound() -> None:
    clock = [0.0]
    repeats = Repeats(lambda: clock[0])
    assert [repeats.counts(REFUSED) for _ in range(12)] == [False] * 10 + [True] * 2
    assert not repeats.counts(msgspec.structs.replace(REFUSED, address="10.0.0.2"))
    assert repeats.due() == []
    clock[0] = 60.0
    (line,) = repeats.due()
    assert (line.action, line.address, line.detail.split()[0]) == ("audit.repeated", "10.0.0.1", "2")
    assert not repeats.counts(REFUSED)
    lines = [msgspec.structs.replace(REFUSED, address=f"10.1.{n // 250}.{n % 250}") for n in range(5000)]
    own = sum(not repeats.counts(line) for line in lines)
    assert own < 1_020
    assert sum(int(line.detail.split()[0]) for line in repeats.due(everything=True)) == 5_000 - own


@pytest.mark.parametrize("given", ["till-5.2026_11", "a" * 64, "1"])
def test_a_callers_own_request_id_goes_into_answer_and_trail(backend: RunningBackend, given: str) -> None:
    for path in ("/api/connections", "/api/connections?limit=1", "/health", "/no/such/path"):
        answer = backend.ask("GET", path, headers={"X-Request-ID": given})
        assert answer.headers["x-request-id"] == given
    assert backend.ask("GET", f"/api/audit?request_id={given}").status == 200
    wait_until(lambda: given in {line["request_id"] for line in backend.audit()})


@pytest.mark.parametrize("given", ["", "a" * 65, "a b", "-a", "a;b", "<script>", "\u00e9", "a\tb", "a/../b"])
def test_a_request_id_that_is_no_plain_word_is_replaced(backend: RunningBackend, given: str) -> None:
    answer = backend.ask("GET", "/api/connections", headers={"X-Request-ID": given.encode("latin-1")})  # type: ignore[dict-item]
    assert answer.status == 200
    assert len(answer.headers["x-request-id"]) == 24


@pytest.mark.parametrize("field", [name for name in FIELDS if isinstance(getattr(REFUSED, name), str)])
@pytest.mark.parametrize(
    ("given", "kept"), [("a\0b", "a\ufffdb"), ("a\ud800b", "a?b"), ("\u20b9 5", "\u20b9 5")]
)
def test_a_text_that_no_database_takes_is_cleaned_in_whichever_field_it_stands(
    field: str, given: str, kept: str
) -> None:
    values = dict(zip(FIELDS, values_of(msgspec.structs.replace(REFUSED, **{field: given})), strict=True))
    assert values == msgspec.structs.asdict(REFUSED) | {field: kept}
