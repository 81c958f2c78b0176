"""The tables of the newest version, for SQLAlchemy Core. How they came about is in migrations."""

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, Table, Text

metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("title", Text),
    Column("pinned", Integer),
    Column("connection", Text),
    Column("draft", Text),
    Column("created_at", Text),
    Column("updated_at", Text),
    Column("deleted_at", Text),
)

turns = Table(
    "turns",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("id", Text),
    Column("conversation_id", Text),
    Column("question", Text),
    Column("asked_at", Text),
    Column("status", Text),
    Column("rating", Text),
    Column("answer", Text),
    Column("memory", Text),
    Column("transcript", Text),
    Column("cells_inside", Integer),
    Column("dropped_at", Text),
)

events = Table(
    "events",
    metadata,
    Column("turn_id", Text, primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("data", Text),
)

results = Table(
    "results",
    metadata,
    Column("id", Text, primary_key=True),
    Column("turn_id", Text),
    Column("about", Text),
    Column("figures", Text),
    Column("rows", LargeBinary),
    Column("rows_file", Text),
    Column("superseded_at", Text),
)

waiting = Table(
    "waiting",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("turn_id", Text),
    Column("backend", Text),
    Column("connection", Text),
    Column("sql", Text),
    Column("as_of", Text),
    Column("kept_at", Text),
    Column("tries", Integer),
    Column("begun_at", Integer),
)

preferences = Table("preferences", metadata, Column("name", Text, primary_key=True), Column("value", Text))

grants = Table(
    "grants",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("path", Text),
    Column("kind", Text),
    Column("granted_at", Text),
    Column("revoked_at", Text),
)

tasks = Table(
    "tasks",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("id", Text),
    Column("plan", Text),
    Column("enabled", Integer),
    Column("revision", Integer),
    Column("settled_at", Text),
    Column("conversation_id", Text),
    Column("created_at", Text),
    Column("deleted_at", Text),
)

runs = Table(
    "runs",
    metadata,
    Column("position", Integer, primary_key=True),
    Column("id", Text),
    Column("task_id", Text),
    Column("occurrence", Text),
    Column("again", Integer),
    Column("due_at", Text),
    Column("started_at", Text),
    Column("revision", Integer),
    Column("status", Text),
    Column("attempt", Integer),
    Column("late", Text),
    Column("retry_at", Text),
    Column("finished_at", Text),
    Column("elapsed_ms", Float),
    Column("turn_id", Text),
    Column("result_id", Text),
    Column("row_count", Integer),
    Column("figure", Text),
    Column("value", Float),
    Column("file", Text),
    Column("message", Text),
    Column("seen", Integer),
)

sent = Table(
    "sent",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("turn_id", Text),
    Column("sent_at", Text),
    Column("destination", Text),
    Column("what", Text),
    Column("columns", Integer),
    Column("rows", Integer),
    Column("bytes", Integer),
    Column("kept", Integer),
    Column("text", LargeBinary),
)

sheets = Table(
    "sheets",
    metadata,
    Column("path", Text, primary_key=True),
    Column("grant_id", Text),
    Column("mark", Text),
    Column("folder", Text),
    Column("understood", LargeBinary),
    Column("wishes", LargeBinary),
    Column("opened_at", Text),
)

private_answers = Table(
    "private_answers",
    metadata,
    Column("conversation_id", Text, primary_key=True),
    Column("given", Integer),
    Column("day", Text),
)
