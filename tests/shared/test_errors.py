"""The tree of failures: one code, one class, on both sides of the wire."""

from collections.abc import Iterator

import msgspec
import pytest

from shared import errors
from shared.backend_client.failures import from_envelope
from shared.errors import AppError, BackendError, by_code
from shared.llm.gemini_failures import Garbled
from shared.wire import ErrorBody


def leaves(cls: type[AppError] = AppError) -> Iterator[type[AppError]]:
    yield cls
    for child in cls.__subclasses__():
        yield from leaves(child)


TREE = [cls for cls in leaves() if cls.__module__ == "shared.errors"]


def test_every_class_has_a_code_of_its_own() -> None:
    codes = [cls.code for cls in TREE]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("cls", TREE)
def test_a_failure_comes_back_as_the_class_that_was_raised(cls: type[AppError]) -> None:
    body = ErrorBody("It failed.", cls.code, details="why", retry_after=3, request_id="r")
    back = from_envelope(msgspec.json.decode(msgspec.json.encode(body), type=ErrorBody))
    assert type(back) is cls
    assert (back.message, back.details, back.retry_after, back.request_id) == ("It failed.", "why", 3, "r")


def test_a_code_from_the_future_is_a_backend_error() -> None:
    assert type(from_envelope(ErrorBody("New.", "brand_new"))) is BackendError


def test_a_class_without_a_code_of_its_own_is_its_parent_on_the_wire() -> None:
    assert by_code()[Garbled.code] is errors.ModelUnavailable


def test_statuses_are_those_of_failures() -> None:
    assert all(400 <= cls.status < 600 for cls in TREE)
