"""An answer by a language model with tools: text streams, calls run side by side, slips go back to it."""

import time
from collections.abc import Generator, Iterator, Sequence
from datetime import date

import msgspec

from desktop.agent.leaving import Leaving
from desktop.agent.memory import transcript_text
from desktop.agent.outgoing import Line, Outgoing, answer_of, refusal_of
from desktop.agent.own_values import OwnValues
from desktop.agent.progress import Progress
from desktop.agent.prompt import Prompt
from desktop.agent.pump import merged, pumped
from desktop.agent.sources import Sources
from desktop.events import Event
from desktop.sheets.known import THIS_PC
from desktop.store.results import Results
from desktop.store.turns import Turn
from desktop.tools.base import Tool, ToolContext, ToolOutput, spec
from shared.errors import AppError, Fixer, ModelError, ToolRefused
from shared.llm.base import (
    Message,
    ModelEvent,
    ModelMessage,
    Opaque,
    TextDelta,
    ToolAnswer,
    ToolAnswers,
    ToolCall,
    UserMessage,
)

MOST_STEPS = 10
MOST_SLIPS = 4
MOST_AT_ONCE = 12
"""Calls of one reply; each takes a thread here and a query there."""
MOST_CHARACTERS = 200_000
"""Of one reply. A model that says the same for ever is ended here."""
_DRAW_SECONDS = 0.08
_NAME = 80
_ENOUGH = "You have used all your steps. Answer now, with what you have, and say what is missing."

_TOO_LONG = "The model's answer was too long and was cut off. Ask for less at a time."
_TOO_MANY = f"At most {MOST_AT_ONCE} calls at a time: this one was not made. Make it again if you need it."

_NO_WORDS = "The model looked things up but came to no answer in words. What it found is shown here."


class _Job(msgspec.Struct, frozen=True):
    """``place`` is the call's among those of its reply: ids may be empty, or given twice."""

    place: int
    call: ToolCall
    step_id: str
    tool: Tool
    arguments: msgspec.Struct


class ModelAnswer:
    """The model leads; we keep count of steps and slips."""

    def __init__(self, outgoing: Outgoing, tools: Sequence[Tool], sources: Sources, results: Results) -> None:
        self._outgoing = outgoing
        self._tools = {tool.name: tool for tool in tools}
        self._specs = [spec(tool) for tool in tools]
        self._sources = sources
        self._results = results

    @property
    def label(self) -> str:
        return self._outgoing.label

    def answer(
        self, progress: Progress, context: ToolContext, earlier: Sequence[Turn], as_of: date | None
    ) -> Generator[Event, None, str]:
        step = progress.step(f"Reading the schema of {context.connection}")
        yield step
        [prompt] = pumped(self._prompt(context.connection, as_of), progress.stop)
        yield progress.done(step.step_id)
        line = self._outgoing.begin(earlier, progress.meter)
        context = msgspec.structs.replace(context, as_of=prompt.as_of, keeps_cells=line.keeps_cells)
        progress.cells_inside = not line.keeps_cells
        messages: list[Message] = [UserMessage(progress.question)]
        of_analyst = self._of_analyst(earlier)
        leaving = Leaving(prompt.schema.dialect, lambda: _own_values(prompt, of_analyst, line, messages))
        slips = 0
        for number in range(MOST_STEPS + 1):
            last = number == MOST_STEPS
            if last:
                messages.append(UserMessage(_ENOUGH))
            tools = [] if last else self._specs
            reply = yield from self._reply(progress, line.stream(prompt, messages, tools))
            if last and reply.calls:
                reply = _without_calls(reply, progress)
            messages.append(reply)
            if not reply.calls:
                break
            answers, slipped = yield from self._run(reply.calls, progress, context, line, leaving)
            messages.append(ToolAnswers(answers))
            slips = slips + 1 if slipped else 0
            if slipped and slips >= MOST_SLIPS:
                raise slipped
        progress.transcript = transcript_text(messages)
        yield progress.chunk()
        return "answered" if progress.text.strip() else "cannot_answer"

    def _prompt(self, connection: str, as_of: date | None) -> Iterator[Prompt]:
        yield Prompt(
            connection=connection,
            schema=self._sources.schema(connection),
            today=as_of or self._sources.today(),
            as_of=self._sources.newest_day(connection, as_of),
            as_of_is_told=as_of is not None,
        )

    def _of_analyst(self, earlier: Sequence[Turn]) -> list[str]:
        """What the built-in analyst has said of sheets and files. An answer with governed results alone is
        none of it."""
        answers = [turn for turn in earlier if turn.answer and not turn.transcript]
        sources = {turn.id: {one.connection for one in self._results.of_turn(turn.id)} for turn in answers}
        return [turn.answer for turn in answers if not sources[turn.id] or THIS_PC in sources[turn.id]]

    def _reply(
        self, progress: Progress, stream: Iterator[ModelEvent]
    ) -> Generator[Event, None, ModelMessage]:
        """One reply. Its text follows that of the replies before it, a paragraph apart."""
        earlier_text = f"{progress.text.rstrip()}\n\n" if progress.text.strip() else ""
        text, calls, opaque, drawn_at = "", list[ToolCall](), None, 0.0
        for event in pumped(stream, progress.stop):
            yield from progress.sent()
            match event:
                case TextDelta():
                    text += event.text
                    progress.text = earlier_text + text[:MOST_CHARACTERS]
                    if len(text) > MOST_CHARACTERS:
                        yield progress.chunk()
                        raise ModelError(_TOO_LONG)
                    if time.monotonic() - drawn_at > _DRAW_SECONDS:
                        yield progress.chunk()
                        drawn_at = time.monotonic()
                case ToolCall():
                    calls.append(event)
                case Opaque():
                    opaque = event
        if text:
            yield progress.chunk()
        return ModelMessage(text=text, calls=calls, opaque=opaque)

    def _run(
        self,
        calls: Sequence[ToolCall],
        progress: Progress,
        context: ToolContext,
        line: Line,
        leaving: Leaving,
    ) -> Generator[Event, None, tuple[list[ToolAnswer], AppError | None]]:
        """All calls side by side; their answers in the order of the calls. The error is the last slip
        when not one of them succeeded."""
        answers = {
            place: refusal_of(call, ToolRefused(_TOO_MANY))
            for place, call in enumerate(calls)
            if place >= MOST_AT_ONCE
        }
        slip: AppError | None = None
        jobs: list[_Job] = []
        for place, call in enumerate(calls[:MOST_AT_ONCE]):
            try:
                tool, arguments = self._checked(call)
            except ToolRefused as error:
                answers[place], slip = refusal_of(call, error), error
                step = progress.step(f"Using the tool {call.name[:_NAME]}")
                yield step
                yield progress.failed(step.step_id, error)
                continue
            started = progress.step(tool.label(arguments, context))
            jobs.append(_Job(place, call, started.step_id, tool, arguments))
            yield started
        succeeded = False
        for number, outcome in merged([_attempt(job, context, leaving) for job in jobs], progress.stop):
            job = jobs[number]
            if isinstance(outcome, AppError):
                answers[job.place], slip = refusal_of(job.call, outcome), outcome
                yield progress.failed(job.step_id, outcome, _sql_of(job.call))
                continue
            succeeded = True
            yield progress.done(job.step_id, outcome.summary, outcome.detail)
            card = outcome.for_window
            if card is not None:
                progress.add_evidence(card, self._results.rows(card.result_id))
                yield card
            line.loaded(outcome)
            answers[job.place] = answer_of(job.call, outcome)
        yield from progress.sent()
        return [answers[place] for place in range(len(calls))], None if succeeded else slip

    def _checked(self, call: ToolCall) -> tuple[Tool, msgspec.Struct]:
        """Raises ToolRefused."""
        tool = self._tools.get(call.name)
        if tool is None:
            named = call.name[:_NAME]
            raise ToolRefused(f"There is no tool called {named}. There are: {', '.join(self._tools)}.")
        try:
            return tool, msgspec.convert(call.arguments, tool.arguments)
        except msgspec.ValidationError as error:
            raise ToolRefused(f"The arguments do not fit: {error}.") from error


def _own_values(
    prompt: Prompt, of_analyst: Sequence[str], line: Line, messages: Sequence[Message]
) -> OwnValues | None:
    """Of the person's sheets and files, as far as the model was shown them."""
    told = line.told(messages)
    if not told:
        return None
    said = [message.text for message in told if isinstance(message, UserMessage)]
    said += [day.isoformat() for day in (prompt.today, prompt.as_of) if day is not None]
    return OwnValues(told, of_analyst, said, lambda: prompt.text(cells=False))


def _without_calls(reply: ModelMessage, progress: Progress) -> ModelMessage:
    """A call that nobody will answer must not stay: providers refuse the whole conversation for it."""
    if not progress.text.strip():
        progress.text = _NO_WORDS
    return ModelMessage(text=reply.text or _NO_WORDS)


def _attempt(job: _Job, context: ToolContext, leaving: Leaving) -> Iterator[ToolOutput | AppError]:
    """The tool's output, or the failure when the model can mend it; others end the turn."""
    try:
        leaving.check(job.call, context)
        yield job.tool.run(job.arguments, context)
    except AppError as error:
        if error.fixer is not Fixer.MODEL:
            raise
        yield error


def _sql_of(call: ToolCall) -> str:
    sql = call.arguments.get("sql", "")
    return sql if isinstance(sql, str) else ""
