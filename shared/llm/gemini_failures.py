"""What Gemini's failures mean, in sentences that a manager can act on."""

import math
import re
import ssl
from typing import Any

from shared.errors import ModelBlocked, ModelError, ModelRateLimited, ModelRejected, ModelUnavailable
from shared.logs import masked

_GARBLED = {"MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS"}
_BLOCKED = {
    "SAFETY",
    "RECITATION",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT",
}


UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)
"""What Google's package raises over an answer of another shape than it expects. Their texts quote the answer,
so they are kept out of the log."""


class Garbled(ModelUnavailable):
    """The model tried to call a tool and failed at its grammar; asking again at once may help."""


def check_end(end: str | None, *, said_something: bool) -> None:
    """Raises a ModelError when the reply did not end well. ``end`` is the provider's word for it."""
    if end is None:
        raise ModelUnavailable("The model's answer broke off. Ask again.")
    if end.startswith("PROMPT_"):
        raise ModelBlocked(
            "Google's safety filter did not let the question through. Ask it in other words.",
            details=f"({end.removeprefix('PROMPT_')})",
        )
    if end in _BLOCKED:
        raise ModelBlocked(
            "Google's safety filter withheld the answer. Ask in other words.", details=f"({end})"
        )
    if end in _GARBLED:
        raise garbled()
    if end == "MAX_TOKENS":
        raise ModelError("The model's answer was too long and was cut off. Ask for less at a time.")
    if not said_something:
        if end == "STOP":
            raise Garbled("The model gave an empty answer. Ask again.")
        raise ModelError("The model ended without an answer. Ask again.", details=f"({end[:60]})")


def garbled() -> Garbled:
    return Garbled("The model's reply came out garbled. Ask again, perhaps in other words.")


def http_errors() -> tuple[type[Exception], ...]:
    """What Google's package may raise: its own errors, and those of the HTTP client beneath it."""
    from google.genai import errors

    found: list[type[Exception]] = [errors.APIError, errors.UnknownApiResponseError, ssl.SSLError, OSError]
    for name in ("httpx2", "httpx"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        found += [module.HTTPError, module.InvalidURL, module.StreamError]
    return tuple(found)


def from_exception(error: Exception, *, model: str) -> ModelError:
    """The ModelError that stands for what Google's package raised."""
    from google.genai import errors

    if isinstance(error, errors.APIError):
        return from_answer(error.code or 0, error.details, str(error.message or ""), model=model)
    if isinstance(error, errors.UnknownApiResponseError):
        return ModelUnavailable("The model's answer cannot be read. A proxy may stand in between.")
    if "Timeout" in type(error).__name__:
        return too_slow()
    return unreachable(str(error))


def too_slow() -> ModelError:
    return ModelUnavailable("The model did not answer in time. Ask again.")


def unreachable(said: str) -> ModelError:
    """Nobody answered; ``said`` is the transport's own sentence."""
    if "CERTIFICATE_VERIFY_FAILED" in said:
        return ModelUnavailable(
            "Google's certificate is not trusted by this computer. Have your administrator install the "
            "company's root certificate."
        )
    return ModelUnavailable("The model cannot be reached. Check the internet connection, and ask again.")


def from_answer(code: int, body: Any, message: str, *, model: str) -> ModelError:
    """The ModelError for a failure that Google reports itself; ``body`` holds google.rpc's details."""
    said = masked(message)[:300]
    if code == 429:
        wait = _retry_delay(body, message)
        return ModelRateLimited(
            "The quota of the Gemini key is used up for now. Wait a little, or use another key.",
            retry_after=wait,
        )
    if code in (401, 403) or "API_KEY_INVALID" in str(body):
        return ModelRejected(
            "Google does not accept the Gemini key. Put a valid one into the settings, under gemini.api_key.",
            details=said,
        )
    if code == 404:
        return ModelRejected(
            f"Google has no model called {model!r} for this key. Choose another one in the settings, under "
            "gemini.model.",
            details=said,
        )
    if 400 <= code < 500 and code != 408:
        return ModelRejected("Gemini did not take the request.", details=said)
    return ModelUnavailable("Gemini is overloaded or has a problem. Ask again in a moment.", details=said)


def _retry_delay(body: Any, message: str) -> int | None:
    """Seconds from google.rpc.RetryInfo, or else from the sentence that the service writes."""
    details = body.get("error", body).get("details", []) if isinstance(body, dict) else []
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and str(detail.get("@type", "")).endswith("google.rpc.RetryInfo"):
            found = re.fullmatch(r"(\d{1,9}(?:\.\d+)?)s", str(detail.get("retryDelay", "")))
            if found:
                return math.ceil(float(found[1]))
    found = re.search(r"retry in (\d{1,9}(?:\.\d+)?)s", message)
    return math.ceil(float(found[1])) if found else None
