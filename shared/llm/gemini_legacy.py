"""Gemini behind our seam through the older google-generativeai, over gRPC. What a turn looks like is in
gemini_legacy_turns.py.

Its chats, its ``configure`` and its replies stay out: they keep the key in a global, join the parts of a
turn, and hold each piece back until the next has come. We take its messages and the client beneath
it. Over REST it would lose the signatures that newer models demand.
"""

import importlib.util
import ssl
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from shared.errors import ModelError, SettingsInvalid
from shared.http_adapter import is_loopback
from shared.llm.base import Message, ModelEvent, OnSent, Opaque, ToolSpec, ignore_sent
from shared.llm.gemini_failures import check_end, from_answer, too_slow, unreachable
from shared.llm.gemini_legacy_channel import watched
from shared.llm.gemini_legacy_turns import PROVIDER, Turn, protos, request_of
from shared.llm.gemini_tries import patiently

_BASE_URL = "https://generativelanguage.googleapis.com"
_LINUX_ROOTS = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt")


class GeminiLegacy:
    """One Gemini model. Raises SettingsInvalid when Google's package is not installed; importing it
    waits until the first request."""

    def __init__(self, api_key: str, model: str, *, base_url: str = "", timeout: float = 60) -> None:
        if not _is_installed():
            raise SettingsInvalid(
                "gemini.sdk: google-generativeai is not installed. Run: "
                ".venv/bin/python -m pip install -r requirements/gemini-legacy.lock"
            )
        self._api_key = api_key
        self._model = model
        self._base_url = base_url or _BASE_URL
        self._timeout = timeout
        self._made: Any = None
        self._lock = threading.Lock()
        self._local = threading.local()

    def __repr__(self) -> str:
        return f"GeminiLegacy({self._model!r})"

    @property
    def label(self) -> str:
        return f"Gemini · {self._model}"

    def stream(
        self,
        system: str,
        messages: Sequence[Message],
        tools: Sequence[ToolSpec],
        on_sent: OnSent = ignore_sent,
    ) -> Iterator[ModelEvent]:
        request = request_of(system, messages, tools, model=self._model)
        yield from patiently(lambda: self._once(request, on_sent))

    def _once(self, request: Any, on_sent: OnSent) -> Iterator[ModelEvent]:
        from google.api_core.exceptions import GoogleAPICallError

        turn = Turn()
        held: list[bytes] = []
        self._local.bodies = held
        call = self._client().stream_generate_content(
            request,
            retry=None,  # or else it tries a 503 again for ten minutes, whatever the time-out
            timeout=None,  # gRPC's own would end a long answer that is well under way; see _next
            metadata=[("x-goog-api-key", self._api_key)],
        )
        try:
            while (reply := _next(call, self._timeout)) is not None:
                _tell(held, on_sent)
                yield from turn.add(reply)
        except GoogleAPICallError as error:
            if _reached_nobody(error):
                held.clear()
            raise _from_exception(error, self._model) from error
        finally:
            call.cancel()
            _tell(held, on_sent)
        check_end(turn.end, said_something=turn.said_something)
        if turn.usage is not None:
            yield turn.usage
        yield Opaque(provider=PROVIDER, model=self._model, data=turn.data())

    def _client(self) -> Any:
        with self._lock:
            if self._made is None:
                protos()  # first, for what it imports would warn as well
                from google.ai.generativelanguage_v1beta import GenerativeServiceClient as Client

                channel = watched(_channel(self._base_url), self._serialised)
                transport = Client.get_transport_class("grpc")(channel=channel)
                # or else a call blocks until its first piece has come, and nobody could stop it
                transport.stream_generate_content._prefetch_first_result_ = False
                self._made = Client(transport=transport)
            return self._made

    def _serialised(self, message: bytes) -> None:
        """Called in the thread that asks. gRPC puts a byte for compression and the length in front."""
        bodies: list[bytes] = getattr(self._local, "bodies", [])
        bodies.append(b"\0" + len(message).to_bytes(4, "big") + message)


def _tell(held: list[bytes], on_sent: OnSent) -> None:
    """Only once it has been heard of: gRPC does not say when a request goes on the wire."""
    while held:
        on_sent(held.pop(0))


def _is_installed() -> bool:
    try:
        return importlib.util.find_spec("google.generativeai") is not None
    except ModuleNotFoundError:  # not even a ``google``
        return False


def _next(call: Any, timeout: float) -> Any:
    """The next piece, or None at the end. A call that is silent for ``timeout`` seconds is stopped."""
    watch = threading.Timer(timeout, call.cancel)
    watch.daemon = True
    watch.start()
    try:
        return next(call, None)
    finally:
        watch.cancel()


def _channel(base_url: str) -> Any:
    import grpc

    url = urlsplit(base_url)
    options = [("grpc.enable_http_proxy", 0)] if is_loopback(base_url) else []
    if url.scheme == "http":
        return grpc.insecure_channel(url.netloc, options)
    return grpc.secure_channel(url.netloc, grpc.ssl_channel_credentials(_roots()), options)


def _roots() -> bytes:
    """Mozilla's certificates and the operating system's, where companies put their own; left alone, gRPC
    trusts a list that it carries."""
    import certifi

    context = ssl.create_default_context()
    for bundle in _LINUX_ROOTS:
        if Path(bundle).is_file():
            context.load_verify_locations(bundle)
    own = [ssl.DER_cert_to_PEM_cert(found) for found in context.get_ca_certs(binary_form=True)]
    return "".join([certifi.contents(), *own]).encode()


def _reached_nobody(error: Any) -> bool:
    return str(error.message or "").startswith(("failed to connect", "DNS resolution failed"))


def _from_exception(error: Any, model: str) -> ModelError:
    from google.protobuf.json_format import MessageToDict

    code, said = int(error.code or 0), str(error.message or "")
    if code in (499, 504):
        return too_slow()
    if _reached_nobody(error):
        return unreachable(said)
    known = [detail for detail in error.details if hasattr(detail, "DESCRIPTOR")]
    details = [{"@type": detail.DESCRIPTOR.full_name, **MessageToDict(detail)} for detail in known]
    return from_answer(code, {"details": details}, said, model=model)
