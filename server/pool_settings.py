"""How many connections to a source are kept, and for how long. What keeps them is in pools."""

import msgspec


class PoolSettings(msgspec.Struct, frozen=True):
    """Per connection; the times are seconds.

    A connection that lay idle for ``idle_timeout`` is closed, and one that is older than about
    ``max_age`` when nobody has it; one that lay idle for ``check_after_idle`` is asked whether it
    lives before it is lent. ``grace`` is how long a stopped query may take to end. The figures are for
    one of ``processes``.
    """

    max_connections: int
    connection_timeout: float
    max_waiting: int = 1000
    idle_timeout: float = 300.0
    max_age: float = 3600.0
    check_after_idle: float = 10.0
    grace: float = 5.0
    processes: int = 1
