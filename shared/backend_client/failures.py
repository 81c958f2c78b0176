"""What went wrong between us and the backend, as the class that the backend raised or one of our own.

An answer in our envelope becomes the same class by its code. Everything else is told apart by how
far the request came, because that decides whether it may be repeated.
"""

import http.client
import ssl
from collections.abc import Iterator, Mapping

import msgspec
import requests
import urllib3.exceptions

from shared.backend_client.retry import Failure, parse_retry_after
from shared.errors import (
    AppError,
    BackendConnectionError,
    BackendError,
    BackendProtocolError,
    BackendTimeoutError,
    NotAuthenticated,
    NotPermitted,
    QueryTimeout,
    RateLimited,
    by_code,
)
from shared.wire import ErrorBody

_TRANSIENT = (429, 502, 503, 504)
_GATEWAY = (502, 503, 504)
_BARE: dict[int, type[AppError]] = {401: NotAuthenticated, 403: NotPermitted, 429: RateLimited}


def is_success(answer: requests.Response) -> bool:
    return 200 <= answer.status_code < 300


def from_envelope(body: ErrorBody) -> AppError:
    """The exception that an envelope speaks of; a code that we do not know is a BackendError."""
    cls = by_code().get(body.code, BackendError)
    error = cls(body.error, details=body.details, retry_after=body.retry_after)
    error.request_id = body.request_id
    return error


def from_answer(status: int, headers: Mapping[str, str], body: bytes, *, host: str) -> Failure:
    """The failure that an unsuccessful answer stands for."""
    wait = parse_retry_after(headers.get("Retry-After"))
    envelope = _envelope(body)
    if envelope is not None:
        error = from_envelope(envelope)
        if error.retry_after is None:
            error.retry_after = wait
        transient = status in _TRANSIENT and not isinstance(error, QueryTimeout)
        return Failure(error, sent=True, transient=transient, wait_seconds=error.retry_after)
    return Failure(
        _without_envelope(status, headers, host, wait),
        sent=True,
        transient=status in _TRANSIENT,
        wait_seconds=wait,
    )


def _without_envelope(status: int, headers: Mapping[str, str], host: str, wait: int | None) -> AppError:
    if 300 <= status < 400:
        return BackendProtocolError(
            f"{host} redirects to another address. Set the backend's URL to where it really is.",
            details=f"HTTP {status}.",
        )
    if status in _BARE:
        return _BARE[status](f"{host} refused the request with HTTP {status}.", retry_after=wait)
    kind = headers.get("Content-Type", "").partition(";")[0].strip() or "nothing"
    error = BackendProtocolError(
        f"{host} answered, but not as the backend does. A proxy may stand in between, or the URL is wrong.",
        details=f"HTTP {status} with {kind[:60]}.",
        retry_after=wait,
    )
    error.away = status in _GATEWAY
    return error


def _envelope(body: bytes) -> ErrorBody | None:
    try:
        return msgspec.json.decode(body, type=ErrorBody)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None


def from_exception(error: Exception, *, host: str, waited_seconds: float) -> Failure:
    """The failure that a broken exchange stands for."""
    causes = list(_causes(error))
    if _any(causes, ssl.SSLError, urllib3.exceptions.SSLError):
        return Failure(_tls_failure(causes, host), sent=False, transient=False)
    before = _before_it_left(causes, host)
    if before is not None:
        return Failure(before, sent=False, transient=not isinstance(before, BackendProtocolError))
    if _any(causes, urllib3.exceptions.ReadTimeoutError, TimeoutError, requests.Timeout):
        message = f"{host} did not answer within {waited_seconds:g} seconds."
        return Failure(BackendTimeoutError(message), sent=True, transient=False)
    return Failure(_broken_off(causes, host), sent=True, transient=True)


def _before_it_left(causes: list[BaseException], host: str) -> BackendError | None:
    if _any(causes, urllib3.exceptions.NameResolutionError):
        return BackendConnectionError(
            f"The name of {host} cannot be resolved. Check the network, and the backend's URL."
        )
    if _any(causes, urllib3.exceptions.NewConnectionError, urllib3.exceptions.ProxyError):
        return BackendConnectionError(
            f"{host} cannot be reached. Check the network, and that the backend runs."
        )
    if _any(causes, urllib3.exceptions.ConnectTimeoutError):
        return BackendTimeoutError(
            f"{host} does not let us connect. Check the network, and the firewall in between."
        )
    if _any(causes, requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader):
        return BackendProtocolError(
            f"The request to {host} cannot be sent as it is: its address or a header is malformed."
        )
    return None


def _any(causes: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(cause, kinds) for cause in causes)


def _broken_off(causes: list[BaseException], host: str) -> BackendError:
    malformed = _any(
        causes,
        http.client.HTTPException,
        urllib3.exceptions.DecodeError,
        urllib3.exceptions.IncompleteRead,
        urllib3.exceptions.InvalidChunkLength,
        ValueError,
    )
    if malformed and not _any(causes, ConnectionError):
        return BackendProtocolError(f"The answer of {host} broke off, or is not HTTP.")
    return BackendConnectionError(f"The connection to {host} broke off before the answer came.")


def _tls_failure(causes: list[BaseException], host: str) -> BackendConnectionError:
    text = " ".join(str(cause) for cause in causes)
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER_FAILURE" in text:
        return BackendConnectionError(
            f"{host} does not speak TLS. If the backend runs without a certificate, its URL begins with http://."
        )
    if "VERSION" in text and "CERTIFICATE_VERIFY_FAILED" not in text:
        return BackendConnectionError(f"{host} does not offer TLS 1.3. Update what stands in front of it.")
    return BackendConnectionError(
        f"The certificate of {host} is not trusted by this computer.",
        details=(
            "Have your administrator install the company's root certificate here, or name its PEM file "
            "as verify. If the name differs, use the name that stands in the certificate."
        ),
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception, what it wraps, and why it was raised; each once."""
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        one = waiting.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        inner = [*one.args, getattr(one, "reason", None), one.__cause__, one.__context__]
        waiting.extend(item for item in inner if isinstance(item, BaseException))
