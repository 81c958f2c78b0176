-- What a program with state version 8 has left, as text. A released version's file is never changed.
BEGIN TRANSACTION;
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
        );
INSERT INTO "conversations" VALUES('4f983dd7f6fe103f','zones','Net sales by zone',1,'retail','','2026-11-28T08:57:21.433Z','2026-11-28T08:57:21.433Z',NULL);
INSERT INTO "conversations" VALUES('ae9fa126f8134809',NULL,'ज़ोन के हिसाब से बिक्री',0,'retail','','2026-11-28T08:57:21.505Z','2026-11-28T08:57:21.505Z',NULL);
INSERT INTO "conversations" VALUES('6a6627270060d2df',NULL,'deleted',0,NULL,'','2026-11-28T08:57:21.506Z','2026-11-28T08:57:21.506Z','2026-11-28T08:57:21.508Z');
CREATE TABLE events (
            turn_id TEXT NOT NULL REFERENCES turns (id),
            position INTEGER NOT NULL,
            data TEXT NOT NULL,
            PRIMARY KEY (turn_id, position)
        );
INSERT INTO "events" VALUES('bf21da1d5405c330',0,'{"event":"turn_started","conversation_id":"4f983dd7f6fe103f","turn_id":"bf21da1d5405c330","title":"Net sales by zone","started_at":"2026-11-28T08:57:21.438Z","model":"Built-in analyst"}');
INSERT INTO "events" VALUES('bf21da1d5405c330',1,'{"event":"result","result_id":"r1","title":"Net sales by zone","connection":"retail","sql":"SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone","columns":[{"name":"zone","type":"text"},{"name":"net_sales","type":"decimal"}],"formats":["text","money"],"rows":[["North",123456789.50],["South",4500000.00]],"row_count":2,"truncated":false,"elapsed_ms":12.5,"ran_at":"2026-11-23T05:12:00+00:00","content_hash":"4f9c","as_of":null,"cached_at":null,"headline":null,"chart":null,"readings":[]}');
INSERT INTO "events" VALUES('4bcb3ed2439698a1',0,'{"event":"turn_started","conversation_id":"4f983dd7f6fe103f","turn_id":"4bcb3ed2439698a1","title":"Net sales by zone","started_at":"2026-11-28T08:57:21.480Z","model":"Built-in analyst"}');
CREATE TABLE grants (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            path TEXT NOT NULL,
            kind TEXT NOT NULL,
            granted_at TEXT NOT NULL,
            revoked_at TEXT
        );
INSERT INTO "grants" VALUES('5f0c3e21a7b4','Reports','/home/asha/Reports','folder','2026-11-28T08:58:00.000Z',NULL);
INSERT INTO "grants" VALUES('c81d02aa96f3','Old','/home/asha/Old','folder','2026-11-28T08:58:01.000Z','2026-11-28T08:58:02.000Z');
CREATE TABLE preferences (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "preferences" VALUES('settings','{"theme":"dark","numbers":"international","language":"en"}');
INSERT INTO "preferences" VALUES('draft','sales of kurtis');
INSERT INTO "preferences" VALUES('window_size','{"width":1100,"height":700}');
CREATE TABLE private_answers (conversation_id TEXT PRIMARY KEY, given INTEGER NOT NULL, day TEXT NOT NULL DEFAULT '');
INSERT INTO "private_answers" VALUES('4f983dd7f6fe103f',3,'2026-11-29');
CREATE TABLE results (
            id TEXT PRIMARY KEY,
            turn_id TEXT NOT NULL REFERENCES turns (id),
            about TEXT NOT NULL,
            figures TEXT NOT NULL DEFAULT '[]',
            rows BLOB,
            rows_file TEXT
        , superseded_at TEXT);
INSERT INTO "results" VALUES('r1','bf21da1d5405c330','{"id":"r1","turn_id":"bf21da1d5405c330","title":"Net sales by zone","connection":"retail","connection_type":"filesystem","sql":"SELECT zone, sum(net_amount) AS net_sales FROM sales GROUP BY zone","params":{},"columns":[{"name":"zone","type":"text"},{"name":"net_sales","type":"decimal"}],"formats":["text","money"],"readings":[],"headline":null,"chart":null,"row_count":2,"truncated":false,"elapsed_ms":12.5,"ran_at":"2026-11-23T05:12:00+00:00","content_hash":"4f9c","query_id":"q1","as_of":null,"cached_at":null}','[{"text":"₹12.35 crore","row":0,"column":1,"traced":true,"where":""}]',X'78018B8E56F2CB2F2AC950D231343236313533B7B0D4333588D589560ACE2F05099B981A80809E81416C2C0017000BAA',NULL,NULL);
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
        );
INSERT INTO "runs" VALUES(1,'77aa1b2a3d4e5f60','5f0c1b2a3d4e5f60','2026-11-27T09:00',0,'2026-11-27T03:30:00.000Z','2026-11-27T03:30:00.100Z',1,'done',1,'',NULL,NULL,NULL,NULL,NULL,2,'',NULL,NULL,'',0);
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
        );
INSERT INTO "sent" VALUES(1,'bf21da1d5405c330','2026-11-28T08:57:21.438Z','model','',4,2,120,0,NULL);
INSERT INTO "sent" VALUES(2,NULL,'2026-11-28T18:51:13.983Z','backend','POST /api/query',0,0,20,28,X'7801AB562A2C4D2DAA54B2520A76F571750E513054AA050044690602');
CREATE TABLE sheets (
            path TEXT PRIMARY KEY,
            grant_id TEXT NOT NULL,
            mark TEXT NOT NULL,
            folder TEXT NOT NULL,
            understood BLOB NOT NULL,
            wishes BLOB NOT NULL,
            opened_at TEXT NOT NULL
        );
INSERT INTO "sheets" VALUES('Reports/targets.xlsx','5f0c3e21a7b4','','',X'',X'7B7D','2026-11-28T09:10:00.000Z');
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
        );
INSERT INTO "tasks" VALUES(1,'5f0c1b2a3d4e5f60','{"name":"Sales by zone","question":"net sales by zone","timetable":{"kind":"weekly","at":"09:00","days":[0,1,2,3,4],"day":1,"every_minutes":60,"zone":""},"sql":null,"connection":null,"condition":null,"saving":null,"notify":true,"deadline_seconds":600}',1,1,'2026-11-28T03:30:00.000Z',NULL,'2026-11-27T10:00:00.000Z',NULL);
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
        , cells_inside INTEGER NOT NULL DEFAULT 1);
INSERT INTO "turns" VALUES(1,'bf21da1d5405c330','4f983dd7f6fe103f','Net sales by zone','2026-11-28T08:57:21.438Z','answered','good','North sold the most, ₹12.35 crore; South ₹45 lakh.','{"plan":1}',NULL,4,2,120,NULL,1);
INSERT INTO "turns" VALUES(2,'4bcb3ed2439698a1','4f983dd7f6fe103f','only East','2026-11-28T08:57:21.480Z','stopped',NULL,'',NULL,NULL,0,0,0,NULL,1);
INSERT INTO "turns" VALUES(3,'3a8b2a28f89e45d6','4f983dd7f6fe103f','dropped','2026-11-28T08:57:21.489Z','failed',NULL,'',NULL,NULL,0,0,0,'2026-11-28T08:57:21.497Z',1);
INSERT INTO "turns" VALUES(4,'w1','4f983dd7f6fe103f','dropped and waiting','2026-11-28T08:57:21.489Z','queued',NULL,'',NULL,NULL,0,0,0,'2026-11-28T08:57:21.497Z',1);
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
        );
INSERT INTO "waiting" VALUES(1,'w1','demo','retail',NULL,NULL,NULL,1,NULL);
CREATE INDEX turns_of_conversation ON turns (conversation_id, position);
CREATE INDEX runs_of_task ON runs (task_id, position);
CREATE INDEX runs_by_status ON runs (status);
CREATE INDEX sent_of_turn ON sent (turn_id, id);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('turns',4);
INSERT INTO "sqlite_sequence" VALUES('tasks',1);
INSERT INTO "sqlite_sequence" VALUES('runs',1);
INSERT INTO "sqlite_sequence" VALUES('sent',2);
INSERT INTO "sqlite_sequence" VALUES('waiting',1);
COMMIT;
PRAGMA user_version = 8;
