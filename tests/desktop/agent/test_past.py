"""What a step is called once it is done."""

import pytest

from desktop.agent.past import done


@pytest.mark.parametrize(
    ("under_way", "after"),
    [
        ("Running SQL on retail", "Ran SQL on retail"),
        ("Reading the question", "Read the question"),
        ("Analysing retail", "Analysed retail"),
        ("Looking into Reports", "Looked into Reports"),
        ("Preparing", "Preparing"),
    ],
)
def test_a_finished_step_is_told_as_done(under_way: str, after: str) -> None:
    assert done(under_way) == after
