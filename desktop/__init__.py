"""The agent: each person's own program."""

__version__ = "0.1.0"
