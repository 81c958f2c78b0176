"""The client under the short name of its documentation: ``from backend_client import BackendClient``."""

from shared.backend_client import *  # noqa: F403
from shared.backend_client import __all__ as __all__
