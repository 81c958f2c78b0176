"""One exchange with the backend: the key in its header, time-outs, retries, failures as our classes.

What is asked, and what the answer means, stays in client.py.
"""

import http.cookiejar
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import requests
import requests.auth
import urllib3.exceptions

from shared.backend_client.checked import checked_key, checked_path, checked_timeout, checked_url
from shared.backend_client.failures import from_answer, from_exception, is_success
from shared.backend_client.metrics import Metrics
from shared.backend_client.retry import Failure, RetryPolicy
from shared.errors import (
    BackendConnectionError,
    BackendError,
    BackendTimeoutError,
    SettingsInvalid,
    TooLarge,
)
from shared.http_adapter import Adapter, is_loopback, when_sent

log = logging.getLogger(__name__)

T = TypeVar("T")
OnSent = Callable[[str, str, bytes], None]
_CHUNK = 256 * 1024
_LONGEST_CONNECT_SECONDS = 10.0
_AWAY_SECONDS = 10.0
_SLOWEST_BYTES_PER_SECOND = 1024
_MAX_ANSWER_BYTES = 512 * 1024 * 1024


def ignore_sent(method: str, path: str, body: bytes) -> None:
    """For whoever does not want to know."""


class _BearerKey(requests.auth.AuthBase):
    """Puts the key into its header; being an auth object, it also keeps ``.netrc`` out."""

    def __init__(self, api_key: str) -> None:
        self._api_key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._api_key:
            request.headers["Authorization"] = f"Bearer {self._api_key}"
        return request


class Transport:
    """Requests to one backend with one key. Thread-safe. While ``offline`` is set, they fail at once.

    ``timeout`` is how long, in seconds, the backend may be silent; ``retries`` how many further
    tries a request gets that may be repeated. ``on_sent`` is told method, path and body of each try that
    got as far as the wire.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        timeout: float,
        retries: int,
        verify: bool | str,
        user_agent: str,
        metrics: Metrics,
        on_sent: OnSent = ignore_sent,
    ) -> None:
        self.base_url = checked_url(base_url)
        self.host = urlsplit(self.base_url).netloc
        self.timeout = checked_timeout(timeout)
        self._metrics = metrics
        self._on_sent = on_sent
        self._policy = RetryPolicy(retries=max(0, retries), within_seconds=timeout)
        self._away_until = 0.0
        self.offline = False
        self._closing = threading.Event()
        self._session = requests.Session()
        self._session.auth = _BearerKey(checked_key(api_key))
        self._session.headers["User-Agent"] = user_agent
        self._session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        self._session.trust_env = not is_loopback(self.base_url)
        if is_loopback(self.base_url):  # there the bytes cost less than making them fewer
            self._session.headers["Accept-Encoding"] = "identity"
        adapter = _adapter(verify)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        repeatable: bool,
        patience_seconds: float | None = None,
        retries: int | None = None,
        though_offline: bool = False,
    ) -> bytes:
        """The whole body of a successful answer.

        ``repeatable`` says that doing it twice is doing it once. ``patience_seconds`` replaces
        the time-out until the first byte. ``though_offline`` asks also while ``offline`` is set. Raises
        an AppError.
        """
        patience = self.timeout if patience_seconds is None else patience_seconds

        def once() -> bytes:
            answer = self._send(method, path, body, "application/json", patience)
            try:
                return self._whole(answer, patience)
            finally:
                answer.close()

        return self._with_retries(once, repeatable=repeatable, retries=retries, though_offline=though_offline)

    def open(
        self,
        method: str,
        path: str,
        body: bytes | None,
        *,
        accept: str,
        patience_seconds: float,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """A successful answer whose body has not been read; the caller closes it.

        Tried again like a repeatable request, but only until the answer begins.
        """
        return self._with_retries(
            lambda: self._send(method, path, body, accept, patience_seconds, headers),
            repeatable=True,
            retries=None,
        )

    def pause(self, seconds: float) -> None:
        """Waits, but not longer than until :meth:`close`."""
        self._closing.wait(seconds)

    def close(self) -> None:
        """Ends waiting between tries and gives the connections back."""
        self._closing.set()
        self._session.close()

    def _with_retries(
        self, once: Callable[[], T], *, repeatable: bool, retries: int | None, though_offline: bool = False
    ) -> T:
        began = time.monotonic()
        if self.offline and not though_offline:
            raise BackendConnectionError(f"{self.host} is away.")
        if began < self._away_until:
            retries = 0  # it was away a moment ago: nobody wants to wait for that again
        policy = self._policy if retries is None else RetryPolicy(retries, self._policy.within_seconds)
        retry = 0
        while True:
            try:
                answer = once()
            except Failure as failure:
                retry += 1
                elapsed = time.monotonic() - began
                wait = policy.wait_before(retry, failure, repeatable=repeatable, elapsed_seconds=elapsed)
                if wait is None or self._closing.wait(wait):
                    self._metrics.failed(elapsed * 1000)
                    if isinstance(failure.error, BackendError) and failure.error.away:
                        self._away_until = time.monotonic() + _AWAY_SECONDS
                    raise failure.error from failure.__cause__
                self._metrics.retried()
                log.info("trying %s again: %s", self.host, failure.error)
            else:
                self._away_until = 0.0
                self._metrics.answered((time.monotonic() - began) * 1000)
                return answer

    def _send(
        self,
        method: str,
        path: str,
        body: bytes | None,
        accept: str,
        patience: float,
        more: Mapping[str, str] | None = None,
    ) -> requests.Response:
        headers = {"Accept": accept, **(more or {})}
        if body is not None:
            headers["Content-Type"] = "application/json"

        def told() -> None:
            if body:
                self._on_sent(method, path, body)

        try:
            with when_sent(told):
                answer = self._session.request(
                    method,
                    self.base_url + checked_path(path),
                    data=body,
                    headers=headers,
                    timeout=(min(self.timeout, _LONGEST_CONNECT_SECONDS), patience),
                    allow_redirects=False,
                    stream=True,
                )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise from_exception(error, host=self.host, waited_seconds=patience) from error
        if is_success(answer):
            return answer
        try:
            body_of_failure = self._head_of(answer)
        finally:
            answer.close()
        raise from_answer(answer.status_code, answer.headers, body_of_failure, host=self.host)

    def _whole(self, answer: requests.Response, patience: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        deadline = time.monotonic() + patience
        for part in PartReader(answer, host=self.host, patience_seconds=patience):
            size += len(part)
            parts.append(part)
            if size > _MAX_ANSWER_BYTES:
                limit = _MAX_ANSWER_BYTES // (1024 * 1024)
                raise Failure(
                    TooLarge(f"The answer is larger than {limit} MB. Ask for fewer rows, or stream it."),
                    sent=True,
                    transient=False,
                )
            if time.monotonic() > deadline + size / _SLOWEST_BYTES_PER_SECOND:
                error = BackendTimeoutError(f"{self.host} answers too slowly to be waited for.")
                raise Failure(error, sent=True, transient=False)
        return b"".join(parts)

    def _head_of(self, answer: requests.Response) -> bytes:
        """Enough of a failure's body for an envelope; what cannot be read is as good as empty."""
        head = b""
        deadline = time.monotonic() + self.timeout
        try:
            for part in PartReader(answer, host=self.host, patience_seconds=self.timeout):
                head += part
                if len(head) > 65536 or time.monotonic() > deadline:
                    break
        except Failure:
            return head
        return head


class PartReader:
    """Walks a body once, in the pieces in which they arrive. Raises Failure."""

    def __init__(self, answer: requests.Response, *, host: str, patience_seconds: float) -> None:
        self._answer = answer
        self._host = host
        self._patience = patience_seconds

    def __iter__(self) -> "PartReader":
        return self

    def __next__(self) -> bytes:
        try:
            part: bytes = self._answer.raw.read1(_CHUNK, decode_content=True)
        except (urllib3.exceptions.HTTPError, OSError, ValueError, AttributeError) as error:
            raise from_exception(error, host=self._host, waited_seconds=self._patience) from error
        if not part:
            raise StopIteration
        return part


def _adapter(verify: bool | str) -> Adapter:
    try:
        return Adapter(verify=verify)
    except OSError as error:
        raise SettingsInvalid(
            f"The certificates in {verify} cannot be read. Point verify at a PEM file, or leave it out to "
            "use the certificates of this computer."
        ) from error
