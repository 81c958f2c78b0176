"""How many answers about the person's own tables a model has had in each conversation. Only the number."""

from sqlalchemy.dialects.sqlite import insert

from desktop.store.database import Database
from desktop.store.tables import private_answers
from shared.errors import ToolRefused

MOST = 30
"""Each may tell a little: that a query failed on a value, or that most rows matched."""


class PrivateAnswers:
    """One count for a conversation, which an edit of a question or a restart does not set back."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, conversation_id: str) -> None:
        """Counts one more, before it is given. Raises ToolRefused when the conversation has had all."""
        table = private_answers
        statement = (
            insert(table)
            .values(conversation_id=conversation_id, given=1)
            .on_conflict_do_update(
                index_elements=["conversation_id"],
                set_={"given": table.c.given + 1},
                where=table.c.given < MOST,
            )
            .returning(table.c.given)
        )
        with self._database.write() as connection:
            if connection.execute(statement).scalar() is None:
                raise ToolRefused(
                    f"This conversation has had its {MOST} answers about the person's own tables of which no "
                    "value may leave their PC. Tell the person that a new conversation can go on with them."
                )
