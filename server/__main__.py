"""``python -m server``: the backend's commands."""

import sys

from server.cli import main


def console() -> int:
    """``vmart-server``, as a wheel installs it."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
