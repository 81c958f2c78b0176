"""What the parts of both settings files have in common."""

import msgspec


class Section(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The root of a part of a settings file: strict, and never changed."""


class LoggingSection(Section, frozen=True):
    """``format`` is ``text`` or ``json``."""

    level: str = "INFO"
    format: str = "text"
    file: str = ""
    max_size_mb: int = 100
