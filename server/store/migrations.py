"""Every version of our own state, oldest first: each is a list of statements. Append; never edit.

``{identity}`` stands for the database's own way to number rows.
"""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE versions (noun TEXT PRIMARY KEY, version INTEGER NOT NULL)""",
        """INSERT INTO versions (noun, version) VALUES ('connections', 1), ('keys', 1)""",
        """CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL)""",
        """CREATE TABLE connections (
            name TEXT PRIMARY KEY,
            type TEXT NOT NULL,
            params TEXT NOT NULL,
            sealed TEXT NOT NULL,
            description TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )""",
        """CREATE TABLE api_keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            sha256 TEXT NOT NULL UNIQUE,
            permissions TEXT NOT NULL,
            roles TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT
        )""",
        """CREATE TABLE audit (
            id {identity},
            at TEXT NOT NULL,
            request_id TEXT NOT NULL,
            key_id TEXT NOT NULL,
            key_name TEXT NOT NULL,
            address TEXT NOT NULL,
            action TEXT NOT NULL,
            connection TEXT NOT NULL,
            query_id TEXT NOT NULL,
            sql_text TEXT NOT NULL,
            tables TEXT NOT NULL,
            row_count INTEGER,
            status INTEGER NOT NULL,
            code TEXT NOT NULL,
            elapsed_ms DOUBLE PRECISION NOT NULL
        )""",
        """CREATE INDEX audit_at ON audit (at)""",
        """CREATE INDEX audit_request ON audit (request_id)""",
    ),
    (
        """CREATE TABLE jobs (
            id TEXT PRIMARY KEY,
            owner TEXT NOT NULL,
            owner_name TEXT NOT NULL,
            connection TEXT NOT NULL,
            sql_text TEXT NOT NULL,
            format TEXT NOT NULL,
            node TEXT NOT NULL,
            runner TEXT NOT NULL,
            secret TEXT NOT NULL,
            state TEXT NOT NULL,
            row_count BIGINT NOT NULL,
            size BIGINT NOT NULL,
            read_rows BIGINT NOT NULL,
            read_bytes BIGINT NOT NULL,
            percent DOUBLE PRECISION,
            truncated INTEGER NOT NULL,
            error TEXT NOT NULL,
            created_at TEXT NOT NULL,
            started_at TEXT,
            finished_at TEXT,
            beat_at TEXT NOT NULL,
            expires_at TEXT
        )""",
        """CREATE INDEX jobs_owner ON jobs (owner)""",
    ),
    (
        """ALTER TABLE jobs ADD COLUMN scope TEXT NOT NULL DEFAULT ''""",
        """INSERT INTO versions (noun, version) VALUES ('jobs', 1)""",
        """ALTER TABLE audit ADD COLUMN user_name TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE audit ADD COLUMN scope TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE audit ADD COLUMN target TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE audit ADD COLUMN detail TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE audit ADD COLUMN mac TEXT NOT NULL DEFAULT ''""",
        """CREATE TABLE audit_chain (
            name TEXT PRIMARY KEY,
            sequence BIGINT NOT NULL,
            mac TEXT NOT NULL,
            seal TEXT NOT NULL
        )""",
        """INSERT INTO audit_chain (name, sequence, mac, seal) VALUES ('lock', 0, '', '')""",
        """CREATE TABLE audit_writers (writer TEXT PRIMARY KEY, last BIGINT NOT NULL)""",
        """CREATE TABLE users (
            username TEXT PRIMARY KEY,
            email TEXT NOT NULL,
            roles TEXT NOT NULL,
            active INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )""",
        """CREATE TABLE roles (
            name TEXT PRIMARY KEY,
            description TEXT NOT NULL,
            permissions TEXT NOT NULL,
            policies TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        )""",
        """ALTER TABLE api_keys ADD COLUMN username TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE api_keys ADD COLUMN allowed_ips TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE api_keys ADD COLUMN rate_limit TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE api_keys ADD COLUMN created_by TEXT NOT NULL DEFAULT ''""",
        """ALTER TABLE api_keys ADD COLUMN last_used_at TEXT""",
        """ALTER TABLE api_keys ADD COLUMN rotated_at TEXT""",
        """ALTER TABLE api_keys ADD COLUMN previous_sha256 TEXT""",
        """ALTER TABLE api_keys ADD COLUMN previous_expires_at TEXT""",
        """UPDATE versions SET noun = 'access' WHERE noun = 'keys'""",
        """ALTER TABLE connections ADD COLUMN warnings TEXT NOT NULL DEFAULT '[]'""",
        """ALTER TABLE connections ADD COLUMN tested_at TEXT NOT NULL DEFAULT ''""",
    ),
    (
        """ALTER TABLE api_keys ADD COLUMN code_sha256 TEXT""",
        """ALTER TABLE api_keys ADD COLUMN code_expires_at TEXT""",
    ),
)
