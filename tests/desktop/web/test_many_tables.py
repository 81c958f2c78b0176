"""A schema of very many tables: what is read for the first time is told, once."""

from pathlib import Path

from tests.desktop.running import SCHEMA, RetailPeer, RunningAgent


def test_reading_many_tables_for_the_first_time_is_told_and_only_then(tmp_path: Path) -> None:
    peer = RetailPeer()
    column = {"name": "kind", "type": "text", "samples": ["a"], "samples_complete": True}
    many = [{"name": f"table_{number}", "columns": [column]} for number in range(250)]
    peer.schema = {**SCHEMA, "tables": [*many, *SCHEMA["tables"]]}
    with peer, RunningAgent(tmp_path, backend_url=peer.url) as agent:
        first, second = (agent.ask("net amount by zone") for _ in range(2))
    for events in (first, second):
        assert events[-1]["event"] == "turn_finished"
    told = [event for event in first if event.get("label") == "Reading 251 tables for the first time"]
    assert [event["event"] for event in told] == ["step_started"]
    ended = [event for event in first if event["event"] == "step_finished"]
    assert told[0]["step_id"] in {event["step_id"] for event in ended}
    assert not [event for event in second if "for the first time" in event.get("label", "")]
