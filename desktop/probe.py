"""Is there a backend of ours at an address, and does it take this key? Asked step by step.

Each step is one sentence, so that somebody who cannot read a stack trace knows whom to call. A key or a code
is sent only when everything before it is in order, and never to an address that is not encrypted unless the
person has said so.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from desktop.address import Address
from desktop.step import Name, Step, Stopped, stop
from desktop.way import way_to
from shared.backend_client import BackendClient
from shared.errors import (
    AddressNotAllowed,
    AppError,
    BackendConnectionError,
    BackendTimeoutError,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    RateLimited,
)
from shared.settings import BackendSection
from shared.wire import Health

_SECONDS = 8.0
_NOWHERE = "permission-check"
"""No connection has this name: what is asked of it shows whether the key may ask, and runs nothing."""

_SKEW_SECONDS = 120


def probe(section: BackendSection, address: Address, *, plain_allowed: bool) -> Iterator[Step]:
    """``section`` holds the key and how certificates are checked. Ends with the first step that fails."""
    for step in find_backend(section, address, plain_allowed=plain_allowed):
        yield step
        if step.state == "failed":
            return
    yield from try_key(section, address)


def find_backend(section: BackendSection, address: Address, *, plain_allowed: bool) -> Iterator[Step]:
    """Everything before a key is needed; nothing secret is sent. Ends with the first step that fails."""
    try:
        yield Step(step="address", state="ok", says=f"The address is {address.url}.")
        yield from way_to(address, verify=section.verify_tls, plain_allowed=plain_allowed)
        with _client(section, address, key="") as stranger:
            health = _health(stranger, address)
        version = f", version {health.version[:20]}" if health.version else ""
        yield Step(step="backend", state="ok", says=f"It is a V-Mart backend{version}.")
        yield from _clock(health)
    except Stopped as stopped:
        yield stopped.step


def try_key(section: BackendSection, address: Address) -> Iterator[Step]:
    """Ends with the first step that fails."""
    try:
        with _client(section, address, key=section.api_key) as client:
            yield _key(client)
            yield _permissions(client)
    except Stopped as stopped:
        yield stopped.step


def redeem(section: BackendSection, address: Address, code: str) -> str:
    """The key that a connect code stands for; the code is void from then on. Raises Stopped."""
    try:
        with _client(section, address, key="") as stranger:
            return stranger.redeem_connect_code(code).key
    except NotAuthenticated as error:
        raise stop(
            "code",
            "The backend does not take this connect code.",
            "It works once, and only for some minutes: ask your administrator for a new one.",
        ) from error
    except (NotFound, MethodNotAllowed) as error:
        raise stop(
            "code",
            "This backend is older, and takes no connect codes.",
            "Ask your administrator for an API key instead.",
        ) from error
    except AddressNotAllowed as error:
        raise _not_let_in("code") from error
    except RateLimited as error:
        raise stop(
            "code",
            "Too many codes were tried from here just now.",
            f"Try again {_when(error)}.",
        ) from error
    except AppError as error:
        raise stop(
            "code", error.message, error.details or "Try again; if it stays, ask for a new code."
        ) from error


def _client(section: BackendSection, address: Address, *, key: str) -> BackendClient:
    return BackendClient(address.url, key, timeout=_SECONDS, retry_attempts=0, verify=section.verify_tls)


def _health(client: BackendClient, address: Address) -> Health:
    """Asked without the key: a stranger must not get it."""
    try:
        return client.health()
    except RateLimited as error:
        raise stop("backend", "The backend is busy.", "Try again in a minute.") from error
    except BackendTimeoutError as error:
        raise stop("backend", error.message, "Try again; if it stays, tell your administrator.") from error
    except BackendConnectionError as error:
        again = "Try again; if it stays, tell your administrator."
        remedy = again if address.encrypted else "If it has a certificate, begin the address with https://."
        raise stop("backend", error.message, error.details or remedy) from error
    except AppError as error:
        raise _not_ours(address) from error


def _clock(health: Health) -> Iterator[Step]:
    """Of a backend that tells the time. A clock that is wrong ends keys and certificates too early, or too
    late, and makes "today" another day: said, but no reason to stop."""
    try:
        theirs = datetime.fromisoformat(health.time).astimezone(UTC)
    except (ValueError, OverflowError):
        return
    ahead = (datetime.now(UTC) - theirs).total_seconds()
    if abs(ahead) <= _SKEW_SECONDS:
        yield Step(step="clock", state="ok", says="This computer's clock agrees with the backend's.")
        return
    way = "ahead of" if ahead > 0 else "behind"
    yield Step(
        step="clock",
        state="warning",
        says=f"This computer's clock is {_span(abs(ahead))} {way} the backend's.",
        remedy="Have this computer set its date, time and time zone by itself, in the system's settings.",
    )


def _span(seconds: float) -> str:
    for name, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = round(seconds / length)
        if seconds >= length:
            return f"{count} {name}{'s' * (count != 1)}"
    return f"{round(seconds)} seconds"


def _not_ours(address: Address) -> Stopped:
    return stop(
        "backend",
        f"{address.place} answers, but it is not a V-Mart backend.",
        "Check the address and the port; a proxy or another program may stand there.",
    )


def _key(client: BackendClient) -> Step:
    """Whether the key lets anybody in at all; one without connections_read does as well."""
    try:
        connections = client.list_connections(refresh=True)
    except NotAuthenticated as error:
        raise stop(
            "key",
            "The backend does not know this key.",
            "Copy it again, whole; if it is right, it has expired or been revoked: ask for a new one.",
        ) from error
    except AddressNotAllowed as error:
        raise _not_let_in("key") from error
    except NotPermitted:
        return Step(step="key", state="ok", says="The key is accepted.")
    except RateLimited as error:
        raise _busy("key", error) from error
    except AppError as error:
        raise stop(
            "key", error.message, error.details or "Try again; if it stays, tell your administrator."
        ) from error
    if not connections:
        return Step(
            step="key", state="warning", says="The key is accepted, but no data is connected there yet."
        )
    count = "one connection" if len(connections) == 1 else f"{len(connections)} connections"
    return Step(step="key", state="ok", says=f"The key is accepted; there is data in {count}.")


def _permissions(client: BackendClient) -> Step:
    needed: list[tuple[str, Callable[[], object]]] = [
        ("connections_read", lambda: client.list_connections(refresh=True)),
        ("schema_read", lambda: client.get_schema(_NOWHERE, refresh=True)),
        ("db_read", lambda: client.execute_query(_NOWHERE, "SELECT 1", max_rows=1)),
    ]
    missing = [name for name, ask in needed if not _permitted(ask)]
    if missing:
        raise stop(
            "permissions",
            f"The key is good, but questions also need {_listed(missing)}.",
            "Ask your administrator to add that to your key or your role, then try again.",
        )
    return Step(step="permissions", state="ok", says="The key may read what questions need.")


def _permitted(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except NotPermitted:
        return False
    except NotFound:
        return True
    except RateLimited as error:
        raise _busy("permissions", error) from error
    except BackendTimeoutError as error:
        raise stop("permissions", error.message, "Try again in a moment.") from error
    except BackendConnectionError as error:
        raise stop("permissions", error.message, error.details or "Try again in a moment.") from error
    except AppError:
        return True  # it was let in, and failed at something that comes after
    return True


def _not_let_in(step: Name) -> Stopped:
    return stop(
        step,
        "The backend does not let this computer's address in.",
        "Connect to the company's network or VPN, or have your administrator allow the address.",
    )


def _busy(step: Name, error: RateLimited) -> Stopped:
    return stop(
        step, "The key is good, but it has been used too often just now.", f"Try again {_when(error)}."
    )


def _when(error: RateLimited) -> str:
    return f"in {error.retry_after} seconds" if error.retry_after else "in a while"


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
