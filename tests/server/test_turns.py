"""Places handed out fairly between callers, never more than there are, and never lost."""

import asyncio
import random

import pytest

from server.turns import Turn, Turns
from shared.errors import SourceBusy
from tests.server.stories import run


def _full() -> SourceBusy:
    return SourceBusy("Full.", retry_after=1)


def _got(turn: Turn) -> bool:
    return turn.done() and not turn.cancelled() and turn.exception() is None


def test_a_thousand_questions_of_one_do_not_stand_before_the_one_of_another() -> None:
    async def story() -> None:
        turns = Turns(2, 2000, _full)
        assert turns.take("busy")
        assert turns.take("busy")
        many = [turns.join("busy") for _ in range(1000)]
        one = turns.join("other")
        turns.leave("busy")
        assert _got(one)
        turns.leave("busy")
        assert [_got(turn) for turn in many[:2]] == [True, False]

    run(story)


def test_callers_with_equal_shares_take_turns() -> None:
    async def story() -> None:
        turns = Turns(1, 100, _full)
        assert turns.take("somebody")
        waiting = {caller: [turns.join(caller) for _ in range(3)] for caller in "abc"}
        order = ""
        holder = "somebody"
        for _ in range(9):
            turns.leave(holder)
            (holder,) = [c for c in "abc" if waiting[c] and _got(waiting[c][0])]
            waiting[holder].pop(0)
            order += holder
        assert order == "abcabcabc"

    run(story)


def test_one_caller_leaves_a_place_for_another_and_the_backend_itself_may_have_all() -> None:
    async def story() -> None:
        turns = Turns(4, 10, _full)
        assert [turns.take("a") for _ in range(4)] == [True, True, True, False]
        more = turns.join("a")
        assert turns.take("b")
        turns.leave("b")
        assert not _got(more)
        turns.leave("a")
        assert _got(more)
        assert [Turns(4, 10, _full).take("") for _ in range(4)] == [True] * 4

    run(story)


def test_a_full_line_sends_away_the_last_of_whoever_fills_it() -> None:
    async def story() -> None:
        turns = Turns(1, 3, _full)
        assert turns.take("a")
        first, _, last = [turns.join("a") for _ in range(3)]
        with pytest.raises(SourceBusy):
            turns.join("a")
        other = turns.join("b")
        assert isinstance(last.exception(), SourceBusy)
        turns.leave("a")
        assert (_got(first), turns.waiting) == (True, 2)
        turns.leave("a")
        assert (_got(other), turns.waiting) == (True, 1)

    run(story)


@pytest.mark.parametrize("seed", range(20))
def test_at_random_no_place_is_lost_and_none_is_made_up(seed: int) -> None:
    async def story() -> None:
        dice = random.Random(seed)
        places, most = dice.randint(1, 6), dice.randint(1, 12)
        turns = Turns(places, most, _full)
        holding: list[str] = []
        waiting: list[tuple[str, Turn]] = []
        for _ in range(600):
            caller = dice.choice(["", "a", "b", "c"])
            match dice.randrange(5):
                case 0 | 1:
                    if turns.take(caller):
                        holding.append(caller)
                    else:
                        try:
                            waiting.append((caller, turns.join(caller)))
                        except SourceBusy:
                            assert turns.waiting == most
                case 2 | 3 if holding:
                    turns.leave(holding.pop(dice.randrange(len(holding))))
                case 4 if waiting:
                    caller, turn = waiting.pop(dice.randrange(len(waiting)))
                    if dice.random() < 0.5:
                        turn.cancel()
                    turns.give_up(caller, turn)
            if dice.random() < 0.7:  # not always: one may give up in the moment in which it got a place
                holding += [caller for caller, turn in waiting if _got(turn)]
                waiting = [(caller, turn) for caller, turn in waiting if not turn.done()]
            on_their_way = sum(_got(turn) for _, turn in waiting)
            assert turns.taken == len(holding) + on_their_way <= places
            assert turns.waiting == sum(not turn.done() for _, turn in waiting)
        turns.send_away(_full)
        for caller in holding + [caller for caller, turn in waiting if _got(turn)]:
            turns.leave(caller)
        assert (turns.taken, turns.waiting) == (0, 0)
        await asyncio.sleep(0)

    run(story)
