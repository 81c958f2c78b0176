"""The commands about users, roles and keys: arguments in, an exit code out. They work beside a running
backend, which takes over what they change within a second, and they are how one gets in again who lost a key.

Like cli, they import nothing but Python's own before a command runs.
"""

from server.access_commands import keys, roles, users
from server.access_commands.words import Add


def add(command: Add) -> None:
    keys.add(command)
    users.add(command)
    roles.add(command)
