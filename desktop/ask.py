"""The command ``ask``: one question, answered in the terminal or as JSON."""

import argparse
import os
import sys
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from desktop import settings_file
from desktop.backend import Backend
from desktop.people import LOCAL, People
from shared import logs
from shared.errors import SessionOver
from shared.paths import home, private_folder

if TYPE_CHECKING:
    from desktop.store.preferences import PreferenceStore

_EXIT = {"answered": 0, "needs_clarification": 3}
_SHOWN_ROWS = 50


def ask(parsed: argparse.Namespace) -> int:
    """The exit code; what each means is in ``ask --help``."""
    folder = home()
    settings = settings_file.load(parsed.config, folder)
    own = People(folder).folder_of(LOCAL)
    section = settings.backend
    if (file := settings_file.own(own, needed=False)) is not None:
        section = settings_file.with_own_backend(section, file)
    if settings.google_oauth.client_id and settings.google_oauth.required and not parsed.url:
        raise SessionOver("Ask in the window: this program is set up to be used by who has signed in.")
    if parsed.url:
        key = parsed.key or os.environ.get("BACKEND_API_KEY", "")
        section = msgspec.structs.replace(section, url=parsed.url, api_key=key)
    private_folder(folder / "agent")
    logs.set_up(level="WARNING", file=folder / "agent" / "ask.log", max_size_mb=10, to_terminal=False)
    progress = (lambda _: None) if parsed.json else _progress
    backend = Backend(section, folder, own / "cache", lambda state: progress(state.detail))
    opening = threading.Thread(target=backend.open_now, name="backend", daemon=True)
    opening.start()  # a demo takes a moment to start; the imports below take another
    try:
        answer = _answered(parsed, settings, own, backend)
    finally:
        backend.close()
    if parsed.json:
        print(_json(answer))
    else:
        print_answer(answer)
    return _EXIT.get(answer["status"], 1)


def _answered(parsed: argparse.Namespace, settings: Any, own: Path, backend: Backend) -> dict[str, Any]:
    """The documented JSON, and beside it what only a terminal shows, under ``_``."""
    from desktop.agent.loop import ANALYST
    from desktop.agent.runner import Ask
    from desktop.app import build
    from desktop.events import Clarification, FollowUps, ResultCard, SteppedIn, TurnFailed, TurnFinished

    agent = build(settings, own, backend)
    _tell_notice(agent.preferences, asked_by_program=parsed.json)
    try:
        running = agent.runner.ask(
            Ask(
                question=parsed.question,
                connection=parsed.connection,
                as_of=parsed.as_of,
                name=parsed.conversation,
            )
        )
        card: ResultCard | None = None
        stepped_in: SteppedIn | None = None
        status, asked_back, failed, follow_ups = "cannot_answer", None, None, list[str]()
        try:
            for event in running.watch():
                match event:
                    case ResultCard():
                        card = event
                    case SteppedIn():
                        stepped_in = event
                    case Clarification():
                        asked_back = event
                    case TurnFailed():
                        failed = event
                    case FollowUps():
                        follow_ups = event.questions
                    case TurnFinished():
                        status = event.status
        except KeyboardInterrupt:
            running.stop.press()
            raise
        turn = agent.turns.get(running.id)
        if parsed.conversation is None:
            agent.conversations.delete(turn.conversation_id)
        text = _text(turn.answer, asked_back, failed, stepped_in)
        return {
            "answer": text.replace("**", "").strip(),
            "connection": card.connection if card else parsed.connection,
            "sql": card.sql if card else None,
            "columns": card.columns if card else [],
            "rows": agent.results.rows(card.result_id) if card else [],
            "chart": card.chart if card else None,
            "model": ANALYST if stepped_in else agent.runner.label,
            "status": status if status in ("answered", "needs_clarification") else "cannot_answer",
            "_": (card, failed, follow_ups),
        }
    finally:
        agent.close()


def _tell_notice(preferences: "PreferenceStore", *, asked_by_program: bool) -> None:
    if notice := preferences.notice():
        _say(notice, to=sys.stderr)
        if not asked_by_program:  # which may not pass it on
            preferences.forget_notice()


def _text(answer: str, asked_back: Any, failed: Any, stepped_in: Any) -> str:
    """What was said, by the events that were seen of each kind."""
    if failed is not None:
        return f"{failed.error} {failed.meaning}"
    if asked_back is not None:
        answer = "\n".join([asked_back.question, *(f"- {choice.question}" for choice in asked_back.choices)])
    return answer if stepped_in is None else f"{stepped_in.says} {stepped_in.why}\n{answer}"


def _json(answer: dict[str, Any]) -> str:
    shown = {name: value for name, value in answer.items() if name != "_"}
    return msgspec.json.Encoder(decimal_format="number").encode(shown).decode()


def print_answer(answer: dict[str, Any]) -> None:
    card, failed, follow_ups = answer["_"]
    if failed is not None:
        _say(f"error: {failed.error}\n{failed.meaning}", to=sys.stderr)
        return
    if card is not None:
        _say(f"{card.title}\n")
        for reading in card.readings:
            _say(f"  {reading.name}: {reading.value}")
        if card.readings:
            _say("")
        for line in table(card, answer["rows"][:_SHOWN_ROWS]):
            _say(f"  {line}")
        if len(answer["rows"]) > _SHOWN_ROWS:
            _say(f"  … {len(answer['rows']) - _SHOWN_ROWS} more rows; --json prints all of them")
        if card.cached_at:
            _say(f"\n  The backend is away; this is the answer of {card.cached_at}.")
        _say("")
    if answer["answer"]:
        _say(answer["answer"])
    if card is not None:
        _say(f"\nSQL on {card.connection}, {card.elapsed_ms:.0f} ms:\n{card.sql}")
    elif follow_ups:
        _say("\n  ".join(["\nYou could ask:", *follow_ups]))


def _say(text: str, to: TextIO | None = None) -> None:
    """Without what a terminal would obey: cells, questions and models may hold escape sequences."""
    harmless = "".join(c if c == "\n" or unicodedata.category(c) != "Cc" else "\ufffd" for c in text)
    print(harmless, file=to or sys.stdout)


def table(card: Any, rows: list[list[Any]]) -> Iterator[str]:
    """Lines of a table: numbers to the right, with Indian grouping."""
    from desktop.numbers import cell_text

    names = [column.name for column in card.columns]
    cells = [
        [" ".join(cell_text(cell, form).splitlines()) for cell, form in zip(row, card.formats, strict=True)]
        for row in rows
    ]
    widths = [max(len(line[i]) for line in [names, *cells]) for i in range(len(names))]
    right = [column.type.is_number for column in card.columns]

    def line(parts: list[str]) -> str:
        fitted = [
            part.rjust(width) if to_right else part.ljust(width)
            for part, width, to_right in zip(parts, widths, right, strict=True)
        ]
        return "  ".join(fitted).rstrip()

    yield line(names)
    yield "  ".join("-" * width for width in widths)
    for row in cells:
        yield line(row)


def _progress(detail: str) -> None:
    if detail:
        print(detail, file=sys.stderr)
