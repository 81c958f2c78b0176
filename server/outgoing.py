"""HTTP to one source: its own addresses only, verified TLS, one deadline, an end from any thread.

What the connectors of web sources are made of; what they say to their source stays with them. A token goes
nowhere but to the addresses given: a redirect is refused, and so is a link to another host. Proxies of the
environment are used, its ``.netrc`` is not. Bodies are bounded, and end with the deadline however slowly
they drip.
"""

import contextlib
import socket
import threading
import time
import weakref
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
import requests.utils

from server import reach
from server.tracking import TrackingAdapter
from shared.errors import AppError, QueryCancelled, QueryTimeout, SourceUnavailable, TooLarge
from shared.http_adapter import Adapter, is_loopback

_CONNECT_SECONDS = 10.0
_IDLE_SECONDS = 60.0
"""How long a source may be silent."""
MOST_ANSWER_BYTES = 64 * 1024 * 1024
"""Of an answer that is read as a whole."""
_CHUNK = 256 * 1024


class Outgoing:
    """Used by one caller at a time, but :meth:`stop` may come from any thread. ``name`` is what sentences
    call the source; ``addresses`` are URLs whose scheme, host and port may be called. Close it in the end."""

    def __init__(self, name: str, addresses: Iterable[str], *, verify: bool | str = True) -> None:
        self.name = name
        self._origins = frozenset(origin(address) for address in addresses)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._ended: AppError | None = None
        self._given_up: AppError | None = None
        self._running = False
        self._deadline = float("inf")
        self._request_id = ""
        self._woken = threading.Event()
        self._reach = reach.current()
        try:
            adapter = TrackingAdapter(verify, self._dial, self._opened)
        except OSError as error:
            raise SourceUnavailable(f"The file of certificates for {name} can not be read.") from error
        self.session = _Session(self, adapter)

    @contextlib.contextmanager
    def within(self, seconds: float, *, query: bool = False, request_id: str = "") -> Iterator[None]:
        """Everything inside ends by then, or when :meth:`stop` is called, in the right error; and says to the
        source for which request it is."""
        with self._lock:
            if self._given_up is not None:
                raise self._given_up
            self._ended, self._running = None, True
            self._woken.clear()
            self._deadline = time.monotonic() + seconds
            self._request_id = request_id
        timer = threading.Timer(seconds, self._end, args=(self._late(seconds, query=query),))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            with self._lock:
                self._running, self._deadline = False, float("inf")
                self._request_id = ""

    def stop(self) -> None:
        """What is under way raises QueryCancelled. Does nothing when nothing is."""
        self._end(QueryCancelled("The query was cancelled."))

    def abort(self) -> None:
        """What is under way fails at once, and so does all that comes afterwards. Never waits."""
        gone = SourceUnavailable(f"The connection to {self.name} was given up.", retry_after=1)
        self._given_up = gone
        self._end(gone)
        for one in list(self._sockets):  # also those of an end that came before
            _shut(one)

    @property
    def request_id(self) -> str:
        """Of the call that all this is for; empty when nobody said."""
        return self._request_id

    @property
    def seconds_left(self) -> float:
        """Until the deadline; raises what :meth:`stop` or the deadline asked for when there are none."""
        self.check()
        return max(self._deadline - time.monotonic(), 0.001)

    def check(self) -> None:
        """Raises when it is over."""
        if self._ended is not None:
            raise self._ended

    def pause(self, seconds: float) -> None:
        """Sleeps; raises as :meth:`check` does, and at once when it is over."""
        self._woken.wait(seconds)
        self.check()

    def close(self) -> None:
        self.session.close()

    def body(self, response: requests.Response, most_bytes: int = MOST_ANSWER_BYTES) -> Iterator[bytes]:
        """The pieces of an answer. Raises TooLarge, SourceUnavailable (also when it was cut short),
        QueryTimeout or QueryCancelled; closes the answer in any case."""
        size = 0
        with contextlib.closing(response):
            try:
                for piece in response.iter_content(_CHUNK):
                    self.check()
                    size += len(piece)
                    if size > most_bytes:
                        raise TooLarge(f"{self.name} sent more than {most_bytes:,} bytes.")
                    yield piece
            except requests.RequestException as error:
                raise self.failure(error) from error
            except (OSError, ValueError, AttributeError) as error:  # of a socket that was shut down
                raise self.failure(error) from error

    def failure(self, error: Exception) -> AppError:
        """What a driver's error means: our own end if it was that, else the source's."""
        if self._ended is not None:
            return self._ended
        match error:
            case requests.exceptions.SSLError():
                said = "does not show a certificate that this machine trusts"
            case requests.exceptions.ProxyError():
                said = "can not be reached through the proxy of this machine"
            case requests.exceptions.ConnectTimeout() | requests.exceptions.ReadTimeout() | TimeoutError():
                said = "did not answer in time"
            case requests.exceptions.ChunkedEncodingError() | requests.exceptions.ContentDecodingError():
                said = "broke off in the middle of an answer"
            case requests.exceptions.ConnectionError():
                said = "can not be reached"
            case _:
                said = "could not be understood"
        return SourceUnavailable(f"{self.name} {said}.", retry_after=30)

    def admit(self, url: str) -> None:
        """Raises SourceUnavailable for an address that is not one of ours."""
        try:
            ours = origin(url) in self._origins
        except ValueError:  # no address at all
            ours = False
        if not ours:
            raise SourceUnavailable(
                f"{self.name} points to another address, which is not called.",
                details="Give the address that it finally answers from.",
            )

    def check_host(self, url: str) -> None:
        """Raises HostNotAllowed."""
        self._reach.check(origin(url)[1])

    def _dial(self, host: str, port: int, seconds: float | None) -> socket.socket:
        """A proxy of the environment is the operator's choice; everything else must be within reach."""
        if any(host == known for _, known, _ in self._origins):
            return self._reach.connect(host, port, seconds)
        return socket.create_connection((host, port), seconds)

    def _late(self, seconds: float, *, query: bool) -> AppError:
        if query:
            return QueryTimeout(f"The query took longer than {round(seconds, 1):g} seconds and was stopped.")
        return SourceUnavailable(
            f"{self.name} did not answer in {round(seconds, 1):g} seconds.", retry_after=30
        )

    def _end(self, reason: AppError) -> None:
        with self._lock:
            if not self._running or self._ended is not None:
                return
            self._ended = reason
            self._woken.set()
            sockets = list(self._sockets)
        for one in sockets:
            _shut(one)

    def _opened(self, one: socket.socket) -> None:
        with self._lock:
            self._sockets.add(one)
            over = self._ended is not None
        if over:
            _shut(one)


class _Session(requests.Session):
    """What drivers call. Their own time-outs and redirects are overruled, failures are ours."""

    def __init__(self, outgoing: Outgoing, adapter: Adapter) -> None:
        super().__init__()
        self.trust_env = False
        self._outgoing = outgoing
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        outgoing, url = self._outgoing, request.url or ""
        outgoing.admit(url)
        if outgoing.request_id:
            request.headers["X-Request-Id"] = outgoing.request_id
        whole = not options.pop("stream", False)
        proxies = {} if is_loopback(url) else requests.utils.get_environ_proxies(url)
        options.update(stream=True, allow_redirects=False, proxies=proxies)
        if proxies:  # which would connect to whatever it is told
            outgoing.check_host(url)
        try:
            response = self._sent(request, options)
        except requests.exceptions.ConnectionError as error:
            # a connection that lay idle may have been closed by the source: asked again, once
            if request.method != "GET" or isinstance(error, _FINAL):
                raise outgoing.failure(error) from error
            outgoing.check()
            try:
                response = self._sent(request, options)
            except requests.RequestException as again:
                raise outgoing.failure(again) from again
        except (requests.RequestException, OSError, ValueError, AttributeError) as error:
            raise outgoing.failure(error) from error
        try:
            outgoing.check()
            _know_the_end(response)
        except BaseException as error:
            response.close()
            if isinstance(error, requests.RequestException):
                raise outgoing.failure(error) from error
            raise
        if response.is_redirect:
            response.close()
            outgoing.admit(_joined(url, response.headers.get("location", "")))
            raise SourceUnavailable(f"{outgoing.name} answers with a redirect, which is not followed.")
        if whole:
            response._content = b"".join(outgoing.body(response))
            response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def _sent(self, request: requests.PreparedRequest, options: dict[str, Any]) -> requests.Response:
        left = self._outgoing.seconds_left
        options["timeout"] = (min(left, _CONNECT_SECONDS), min(left, _IDLE_SECONDS))
        return super().send(request, **options)


_FINAL = (
    requests.exceptions.SSLError,
    requests.exceptions.ProxyError,
    requests.exceptions.ConnectTimeout,
)


def _know_the_end(response: requests.Response) -> None:
    """A head that was cut off reads like a whole one, and a body without a length like one that has ended."""
    if response.status_code in {204, 304}:
        return
    if "content-length" not in response.headers and "transfer-encoding" not in response.headers:
        raise requests.exceptions.ChunkedEncodingError("nothing tells where the answer ends")


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port."""
    parts = urlsplit(url)
    scheme = parts.scheme.lower()
    return scheme, (parts.hostname or "").lower(), parts.port or (443 if scheme == "https" else 80)


def _joined(url: str, location: str) -> str:
    """Where a redirect leads; what is no address stays as it is."""
    try:
        return urljoin(url, location)
    except ValueError:
        return location


def _shut(one: socket.socket) -> None:
    """Wakes whoever reads from it. The plain shutdown: that of TLS would also drop what the reader holds."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(one, socket.SHUT_RDWR)
