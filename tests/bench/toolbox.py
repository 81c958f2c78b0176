"""Google's MCP Toolbox over the same PostgreSQL: each question is a tool with a parametrised statement."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.bench import installing, started
from tests.bench.measuring import Process
from tests.bench.wire import Ask, Server, post


@contextlib.contextmanager
def running(
    folder: Path, params: Mapping[str, Any], statements: Mapping[str, str], database: Process
) -> Iterator[Server]:
    """``statements`` by the name of their tool; ``$1`` in one is a number. Raises Unavailable."""
    program = installing.toolbox()
    source = {"kind": "source", "name": "shop", "type": "postgres", **params}
    tools = [_tool(name, sql) for name, sql in statements.items()]
    config = folder / "toolbox.yaml"
    config.write_text(yaml.safe_dump_all([source, *tools]))
    port = started.free_port()
    options = ["--port", str(port), "--enable-api", "--disable-reload", "--log-level", "ERROR"]
    command = [str(program), "--config", str(config), *options, "--disable-version-check"]
    with started.process(command, folder / "toolbox.log", port) as process:
        yield Server(process.pid, port, database)


def _tool(name: str, sql: str) -> dict[str, Any]:
    number = {"name": "id", "type": "integer", "description": "A number."}
    return {
        "kind": "tool",
        "name": name,
        "type": "postgres-sql",
        "source": "shop",
        "description": "A question of the bench.",
        "statement": sql,
        "parameters": [number] if "$1" in sql else [],
    }


def ask(tool: str, **arguments: object) -> Ask:
    return post(f"/api/tool/{tool}/invoke", arguments, expected=b"Item ")
