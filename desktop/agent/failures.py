"""What a failure means for the person who asked, and what the button beside it does. One page."""

from desktop.events import TurnFailed
from shared import errors
from shared.errors import AppError, Fixer

RETRY, SETTINGS, BACKEND = "retry", "settings", "backend"

# The first class that fits decides, so leaves stand before their roots.
_WORDS: list[tuple[type[AppError], str, str]] = [
    (
        errors.ModelRateLimited,
        "The language model has no room for this key right now. Your data is fine.",
        RETRY,
    ),
    (
        errors.ModelUnavailable,
        "The language model did not answer to the end. Nothing in your data changed.",
        RETRY,
    ),
    (
        errors.ModelRejected,
        "The language model does not accept our key, the model's name, or the request.",
        SETTINGS,
    ),
    (errors.ModelBlocked, "The provider's safety filter held the answer back. Other words may help.", ""),
    (errors.ModelError, "The language model could not be used for this question.", RETRY),
    (errors.BackendTimeoutError, "The backend is there but slow. A narrower question may be quicker.", RETRY),
    (
        errors.BackendConnectionError,
        "Your question did not reach the data. It works again when the backend is back; "
        "questions asked before are still answered from this computer.",
        BACKEND,
    ),
    (errors.BackendProtocolError, "Something between here and the backend answered in its place.", BACKEND),
    (errors.AddressNotAllowed, "The backend does not accept this computer's network address.", ""),
    (errors.NotPermitted, "Your key does not allow this. The administrator of the backend can.", ""),
    (
        errors.NotAuthenticated,
        "The backend does not know this key. Ask its administrator for a new one.",
        SETTINGS,
    ),
    (errors.RateLimited, "You have asked as often as your key allows for now.", RETRY),
    (errors.SourceBusy, "Others are using the data source. It is free again soon.", RETRY),
    (errors.SourceUnavailable, "The backend is running, but it cannot reach this data source.", RETRY),
    (errors.QueryTimeout, "The query took too long and was stopped. A shorter period may help.", RETRY),
    (errors.QueryCancelled, "Somebody stopped the query before it was done.", RETRY),
    (errors.QueryFailed, "The data source could not run the query. Other words may help.", RETRY),
    (
        errors.QueryRefused,
        "The backend runs a query only when it is sure that it does nothing but read. Nothing was run.",
        "",
    ),
    (
        errors.CellsKeptNow,
        "Nothing more was sent to the model. Asked again, it is answered without them.",
        RETRY,
    ),
    (errors.EffectDeclined, "It was not done, for you said no. Nothing changed.", ""),
    (errors.TooLarge, "The answer is larger than allowed. Ask for fewer rows or a total.", ""),
    (errors.NotFound, "What the question refers to is not there, or you may not see it.", ""),
]
_ACTIONS = {Fixer.MODEL: RETRY, Fixer.USER: RETRY, Fixer.OPERATOR: ""}


def turn_failed(error: AppError) -> TurnFailed:
    """The event that ends a turn without an answer."""
    said = error.message
    if error.details and not isinstance(error, errors.ModelError):  # a provider's own words are for the log
        said = f"{said} {error.details}"
    if error.retry_after:
        said = f"{said.rstrip()} Try again in {_span(error.retry_after)}."
    for kind, meaning, action in _WORDS:
        if isinstance(error, kind):
            return TurnFailed(error=said, meaning=meaning, action=action, code=error.code)
    meaning = "The question was not answered. Nothing in your data changed."
    return TurnFailed(error=said, meaning=meaning, action=_ACTIONS[error.fixer], code=error.code)


def unexpected() -> TurnFailed:
    """For what nobody foresaw; its text stays in the log."""
    return TurnFailed(
        error="Something went wrong in this program.",
        meaning="The question was not answered. The log holds the details for whoever looks after it.",
        action=RETRY,
        code=AppError.code,
    )


def interrupted() -> TurnFailed:
    """For a turn that was under way when the program ended."""
    return TurnFailed(
        error="The program was closed before this answer was finished.",
        meaning="What had been found until then is kept here. Ask again for the whole answer.",
        action=RETRY,
        code="interrupted",
    )


def _span(seconds: int) -> str:
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{round(seconds / 60)} minutes"
