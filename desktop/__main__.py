"""``python -m desktop``."""

import sys

from desktop.cli import main


def console() -> int:
    return main(sys.argv[1:] or ["run"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
