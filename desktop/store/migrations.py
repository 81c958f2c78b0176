"""Every version of the agent's state, as one list. A released line is never changed, only followed."""

MIGRATIONS: list[list[str]] = [
    [
        """
        CREATE TABLE conversations (
            id TEXT PRIMARY KEY,
            name TEXT UNIQUE,
            title TEXT NOT NULL,
            pinned INTEGER NOT NULL DEFAULT 0,
            connection TEXT,
            draft TEXT NOT NULL DEFAULT '',
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL,
            deleted_at TEXT
        )
        """,
        """
        CREATE TABLE turns (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            conversation_id TEXT NOT NULL REFERENCES conversations (id),
            question TEXT NOT NULL,
            asked_at TEXT NOT NULL,
            status TEXT NOT NULL,
            rating TEXT,
            answer TEXT NOT NULL DEFAULT '',
            memory TEXT,
            transcript TEXT,
            sent_columns INTEGER NOT NULL DEFAULT 0,
            sent_rows INTEGER NOT NULL DEFAULT 0,
            sent_bytes INTEGER NOT NULL DEFAULT 0,
            dropped_at TEXT
        )
        """,
        "CREATE INDEX turns_of_conversation ON turns (conversation_id, position)",
        """
        CREATE TABLE events (
            turn_id TEXT NOT NULL REFERENCES turns (id),
            position INTEGER NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (turn_id, position)
        )
        """,
        """
        CREATE TABLE results (
            id TEXT PRIMARY KEY,
            turn_id TEXT NOT NULL REFERENCES turns (id),
            about TEXT NOT NULL,
            figures TEXT NOT NULL DEFAULT '[]',
            rows BLOB,
            rows_file TEXT
        )
        """,
        "CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
    ],
    [
        """
        CREATE TABLE grants (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            kind TEXT NOT NULL,
            granted_at TEXT NOT NULL,
            revoked_at TEXT
        )
        """,
    ],
    [
        """
        CREATE TABLE tasks (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            plan TEXT NOT NULL,
            enabled INTEGER NOT NULL DEFAULT 1,
            revision INTEGER NOT NULL DEFAULT 1,
            settled_at TEXT NOT NULL,
            conversation_id TEXT,
            created_at TEXT NOT NULL,
            deleted_at TEXT
        )
        """,
        """
        CREATE TABLE runs (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            task_id TEXT NOT NULL REFERENCES tasks (id),
            occurrence TEXT,
            again INTEGER NOT NULL DEFAULT 0,
            due_at TEXT NOT NULL,
            started_at TEXT NOT NULL,
            revision INTEGER NOT NULL,
            status TEXT NOT NULL,
            attempt INTEGER NOT NULL DEFAULT 1,
            late TEXT NOT NULL DEFAULT '',
            retry_at TEXT,
            finished_at TEXT,
            elapsed_ms REAL,
            turn_id TEXT,
            result_id TEXT,
            row_count INTEGER,
            figure TEXT NOT NULL DEFAULT '',
            value REAL,
            file TEXT,
            message TEXT NOT NULL DEFAULT '',
            seen INTEGER NOT NULL DEFAULT 0,
            UNIQUE (task_id, occurrence, again)
        )
        """,
        "CREATE INDEX runs_of_task ON runs (task_id, position)",
        "CREATE INDEX runs_by_status ON runs (status)",
    ],
    [
        """
        CREATE TABLE sent (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id TEXT,
            sent_at TEXT NOT NULL,
            destination TEXT NOT NULL,
            what TEXT NOT NULL,
            columns INTEGER NOT NULL,
            rows INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            kept INTEGER NOT NULL DEFAULT 0,
            text BLOB
        )
        """,
        "CREATE INDEX sent_of_turn ON sent (turn_id, id)",
        """
        INSERT INTO sent (turn_id, sent_at, destination, what, columns, rows, bytes)
        SELECT id, asked_at, 'model', '', sent_columns, sent_rows, sent_bytes FROM turns
        WHERE sent_columns + sent_rows + sent_bytes > 0 ORDER BY position
        """,
        "ALTER TABLE turns ADD COLUMN cells_inside INTEGER NOT NULL DEFAULT 1",
    ],
    [
        """
        CREATE TABLE sheets (
            path TEXT PRIMARY KEY,
            grant_id TEXT NOT NULL,
            mark TEXT NOT NULL,
            folder TEXT NOT NULL,
            understood BLOB NOT NULL,
            wishes BLOB NOT NULL,
            opened_at TEXT NOT NULL
        )
        """,
    ],
    [
        """
        CREATE TABLE waiting (
            position INTEGER PRIMARY KEY AUTOINCREMENT,
            turn_id TEXT NOT NULL UNIQUE REFERENCES turns (id),
            backend TEXT NOT NULL,
            connection TEXT,
            sql TEXT,
            as_of TEXT,
            kept_at TEXT,
            tries INTEGER NOT NULL DEFAULT 0,
            begun_at INTEGER
        )
        """,
        "ALTER TABLE results ADD COLUMN superseded_at TEXT",
    ],
    [
        "CREATE TABLE private_answers (conversation_id TEXT PRIMARY KEY, given INTEGER NOT NULL)",
    ],
    [
        "ALTER TABLE private_answers ADD COLUMN day TEXT NOT NULL DEFAULT ''",
    ],
]
