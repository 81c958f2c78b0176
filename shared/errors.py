"""Every failure that we expect, as one tree. What HTTP does with them stays in server/api/dispatch.

A leaf carries three facts, and nothing else in the product decides them:

* ``code``: the stable name on the wire; the client finds the class by it, so that
  ``except QueryFailed`` reads the same on both sides;
* ``status``: the HTTP status;
* ``fixer``: who can mend it. A model may try again with other arguments, a user must
  change or wait for something, an operator must look at the machine.
"""

from enum import StrEnum
from typing import ClassVar


class Fixer(StrEnum):
    """Who can mend a failure."""

    MODEL = "model"
    USER = "user"
    OPERATOR = "operator"


class AppError(Exception):
    """The root. ``message`` is one sentence in the reader's words; ``details`` may add facts.

    Neither may hold a secret, a stack trace or a cell value.
    ``retry_after`` is in seconds, and None when waiting does not help.
    """

    code: ClassVar[str] = "internal"
    status: ClassVar[int] = 500
    fixer: ClassVar[Fixer] = Fixer.OPERATOR

    def __init__(self, message: str, *, details: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        self.retry_after = retry_after
        self.request_id = ""

    def __str__(self) -> str:
        return f"{self.message} {self.details}".strip()


# -- The request itself -------------------------------------------------------------------


class InvalidRequest(AppError):
    """A body, a parameter or a header that does not fit."""

    code, status, fixer = "invalid_request", 400, Fixer.USER


class HostNotAllowed(InvalidRequest):
    """A connection would lead where connections do not lead."""

    code, fixer = "host_not_allowed", Fixer.OPERATOR


class NotAuthenticated(AppError):
    """No key, or one that is unknown, expired or revoked; which of them is not said."""

    code, status, fixer = "not_authenticated", 401, Fixer.USER


class SessionOver(NotAuthenticated):
    """Nobody is signed in to the agent, or not any more, or this window shows an earlier session."""

    code = "session_over"


class SignInFailed(NotAuthenticated):
    """Google, the browser or the person ended a sign-in before it was done."""

    code = "sign_in_failed"


class AccountRefused(SignInFailed):
    """This account may not use the agent, or not any more."""

    code = "account_refused"


class NotPermitted(AppError):
    """The key is good, the permission is missing. The message names the permission."""

    code, status, fixer = "not_permitted", 403, Fixer.USER


class AddressNotAllowed(NotPermitted):
    """The caller's address is outside ``security.allowed_ips``."""

    code = "address_not_allowed"


class NotFound(AppError):
    """Nothing of that name, or nothing that this caller may know of."""

    code, status, fixer = "not_found", 404, Fixer.USER


class MethodNotAllowed(AppError):
    """The path exists, but not for this HTTP method."""

    code, status, fixer = "method_not_allowed", 405, Fixer.USER


class NotAcceptable(AppError):
    """None of the formats in ``Accept`` can be produced."""

    code, status, fixer = "not_acceptable", 406, Fixer.USER


class Conflict(AppError):
    """The name is taken, or the thing is in use."""

    code, status, fixer = "conflict", 409, Fixer.USER


class TooLarge(AppError):
    """A body, a file or a result is over its limit."""

    code, status, fixer = "too_large", 413, Fixer.USER


class UnsupportedMedia(AppError):
    """The body is not in a format that this address takes."""

    code, status, fixer = "unsupported_media_type", 415, Fixer.USER


class RequestTimedOut(AppError):
    """The request took longer to arrive than the backend waits for one."""

    code, status, fixer = "request_timed_out", 408, Fixer.USER


class RateLimited(AppError):
    """Too many requests; ``retry_after`` says when the next one is welcome."""

    code, status, fixer = "rate_limited", 429, Fixer.USER


# -- Queries and sources ------------------------------------------------------------------


class QueryRefused(AppError):
    """The guard does not let this SQL through; the message says what in it, and why."""

    code, status, fixer = "query_refused", 400, Fixer.MODEL


class QueryFailed(AppError):
    """The source understood the request and answered with an error of the query's own."""

    code, status, fixer = "query_failed", 400, Fixer.MODEL


class QueryTimeout(AppError):
    """The query passed its deadline and was stopped inside the source."""

    code, status, fixer = "query_timeout", 504, Fixer.MODEL


class QueryCancelled(AppError):
    """Somebody stopped the query."""

    code, status, fixer = "query_cancelled", 499, Fixer.USER


class SourceUnavailable(AppError):
    """The source cannot be reached or does not let us in."""

    code, status, fixer = "source_unavailable", 503, Fixer.OPERATOR


class SourceBusy(AppError):
    """Every connection to the source is taken and none came free in time."""

    code, status, fixer = "source_busy", 503, Fixer.USER


class DriverMissing(AppError):
    """The driver for this kind of source is not installed; the message says how to get it."""

    code, status, fixer = "driver_missing", 501, Fixer.OPERATOR


class ResultNotKept(AppError):
    """The result of a job could not be written to the disk, or what is there was changed."""

    code, status, fixer = "result_not_kept", 507, Fixer.OPERATOR


# -- Set-up and state ---------------------------------------------------------------------


class SettingsInvalid(AppError):
    """A settings file cannot be used; the message names file, key and remedy."""

    code, status, fixer = "settings_invalid", 500, Fixer.OPERATOR


class VaultClosed(AppError):
    """The master key is missing, readable by others, or not the one that sealed this."""

    code, status, fixer = "vault_closed", 500, Fixer.OPERATOR


class StateTooNew(AppError):
    """The state was written by a newer version; this one leaves it untouched."""

    code, status, fixer = "state_too_new", 500, Fixer.OPERATOR


class StateUnusable(AppError):
    """The agent's own state cannot be opened or written; the message says where it is and what to mend."""

    code, status, fixer = "state_unusable", 500, Fixer.OPERATOR


class StateDamaged(StateUnusable):
    """The agent's own state is no sound state of ours any more; the next start puts it aside."""

    code = "state_damaged"


class BackupFailed(AppError):
    """A backup could not be written, or a restore not carried out; what was there before is still there."""

    code, status, fixer = "backup_failed", 500, Fixer.OPERATOR


class BackupInvalid(BackupFailed):
    """The file is not a whole backup of ours, or its passphrase is another one."""

    code = "backup_invalid"


# -- Reaching the backend, seen from the client -------------------------------------------


class BackendError(AppError):
    """The root of what the client says about the backend itself."""

    code, status, fixer = "backend_error", 502, Fixer.OPERATOR

    away: bool = False
    """Nobody who speaks our language answered, so an earlier answer may stand in."""


class BackendConnectionError(BackendError):
    """The backend cannot be reached: name, network, TLS, refused."""

    code, status, fixer = "backend_unreachable", 503, Fixer.OPERATOR
    away = True


class BackendTimeoutError(BackendConnectionError):
    """The backend was reached and did not answer in time."""

    code, status = "backend_timeout", 504


class BackendProtocolError(BackendError):
    """Something answered, but not in our language: a proxy page, a cut stream."""

    code = "backend_protocol"


# -- The model ----------------------------------------------------------------------------


class ModelError(AppError):
    """The root of what goes wrong with a language model."""

    code, status, fixer = "model_error", 502, Fixer.USER


class ModelUnavailable(ModelError):
    """Overloaded, unreachable or cut off in mid-stream; trying again may help."""

    code, status = "model_unavailable", 503


class ModelRateLimited(ModelError):
    """The quota of the model's key is used up for now."""

    code, status = "model_rate_limited", 429


class ModelRejected(ModelError):
    """Wrong key, unknown model, or a request the provider will not take."""

    code, status, fixer = "model_rejected", 400, Fixer.OPERATOR


class ModelBlocked(ModelError):
    """The provider's safety filter withheld the answer."""

    code, status = "model_blocked", 422


# -- The agent ----------------------------------------------------------------------------


class ToolRefused(AppError):
    """A model asked for a tool that does not exist, or with arguments that do not fit."""

    code, status, fixer = "tool_refused", 400, Fixer.MODEL


class PathRefused(AppError):
    """A path that leads out of what the person granted, or to something that is no file."""

    code, status, fixer = "path_refused", 403, Fixer.MODEL


class FileNotFound(NotFound):
    """No file or folder of that name in what the person granted."""

    code, fixer = "file_not_found", Fixer.MODEL


class NothingGranted(FileNotFound):
    """The person has granted no folder and dropped no file."""

    code = "nothing_granted"


class FileUnreadable(AppError):
    """The file is there and cannot be read: broken, encrypted, too large, another kind than it says."""

    code, status, fixer = "file_unreadable", 422, Fixer.MODEL


class FileNotWritten(AppError):
    """Nothing was written, or what was there before is there again."""

    code, status, fixer = "file_not_written", 409, Fixer.MODEL


class EffectDeclined(AppError):
    """The person did not say yes to something with an effect; nothing was done."""

    code, status, fixer = "effect_declined", 403, Fixer.MODEL


class CellsKeptNow(AppError):
    """The person chose to keep cell values on this machine while a model was being asked."""

    code, status, fixer = "cells_kept_now", 409, Fixer.USER


class Cancelled(AppError):
    """The person pressed stop."""

    code, status, fixer = "cancelled", 499, Fixer.USER


def by_code() -> dict[str, type[AppError]]:
    """Every class of the tree by its code, for turning an envelope back into an exception.

    A class without a code of its own is its parent on the wire.
    """
    found: dict[str, type[AppError]] = {}
    waiting: list[type[AppError]] = [AppError]
    while waiting:
        cls = waiting.pop()
        if "code" in vars(cls):
            found[cls.code] = cls
        waiting.extend(cls.__subclasses__())
    return found
