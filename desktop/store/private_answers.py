"""How many answers a model has had about what the person keeps to themselves, in each conversation. Only the
number."""

from collections.abc import Callable

from sqlalchemy import case, or_
from sqlalchemy.dialects.sqlite import insert

from desktop.store.database import Database
from desktop.store.moment import now
from desktop.store.tables import private_answers
from shared.errors import ToolRefused

MOST = 30
"""A day. Each may tell a little: that a query failed on a value, or that most rows matched."""


class PrivateAnswers:
    """One count a day for a conversation, which an edit of a question or a restart does not set back; a task
    that runs for years in one conversation goes on."""

    def __init__(self, database: Database, today: Callable[[], str] = lambda: now()[:10]) -> None:
        self._database = database
        self._today = today

    def take(self, conversation_id: str) -> None:
        """Counts one more, before it is given. Raises ToolRefused when the conversation has had all."""
        table, day = private_answers, self._today()
        statement = (
            insert(table)
            .values(conversation_id=conversation_id, given=1, day=day)
            .on_conflict_do_update(
                index_elements=["conversation_id"],
                set_={"given": case((table.c.day == day, table.c.given + 1), else_=1), "day": day},
                where=or_(table.c.given < MOST, table.c.day != day),
            )
            .returning(table.c.given)
        )
        with self._database.write() as connection:
            if connection.execute(statement).scalar() is None:
                raise ToolRefused(
                    f"This conversation has had today's {MOST} answers about the person's own tables and "
                    "files of which no value may leave their PC. Tell the person that a new conversation can "
                    "go on."
                )
