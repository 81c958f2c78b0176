-- The state of version 0.1.0 with users, roles and the chain of the audit trail (migration 3). As those before it; never edit.
BEGIN TRANSACTION;
CREATE TABLE api_keys (
            id TEXT PRIMARY KEY,
            name TEXT NOT NULL,
            sha256 TEXT NOT NULL UNIQUE,
            permissions TEXT NOT NULL,
            roles TEXT NOT NULL,
            created_at TEXT NOT NULL,
            expires_at TEXT,
            revoked_at TEXT
        , username TEXT NOT NULL DEFAULT '', allowed_ips TEXT NOT NULL DEFAULT '', rate_limit TEXT NOT NULL DEFAULT '', created_by TEXT NOT NULL DEFAULT '', last_used_at TEXT, rotated_at TEXT, previous_sha256 TEXT, previous_expires_at TEXT);
INSERT INTO "api_keys" VALUES('3806d1074349eab1','administrator','c56c416f603b0a4c011e2e59c5b35d1c105801e90a70db53a760c612c52f0375','','admin','2026-11-28T08:56:25.400+00:00',NULL,NULL,'','','','','2026-11-28T19:35:51.930+00:00',NULL,NULL,NULL);
INSERT INTO "api_keys" VALUES('a955f9afb23564ac','till 5','d01eb9ec394e94b4025f55cfcd8c884e9b69a73fd49a56d2f0956959667d1e7f','connections_read db_read','','2026-11-28T08:56:25.401+00:00','2099-03-31T18:29:59+00:00',NULL,'','','','',NULL,NULL,NULL,NULL);
INSERT INTO "api_keys" VALUES('ebc390983821f70f','left in May','65ef91567f989779e27fae14bf23774a8811c938e9bd45e622104b8e2bf99a31','','viewer','2026-11-28T08:56:25.402+00:00',NULL,'2026-11-28T08:56:25.403+00:00','','','','',NULL,NULL,NULL,NULL);
CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
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
        , user_name TEXT NOT NULL DEFAULT '', scope TEXT NOT NULL DEFAULT '', target TEXT NOT NULL DEFAULT '', detail TEXT NOT NULL DEFAULT '', mac TEXT NOT NULL DEFAULT '');
INSERT INTO "audit" VALUES(1,'2026-11-23T09:00:00.000+00:00','request-0','k','till 5','192.168.1.7','query.run','shop','q0','SELECT 1','stores',1,200,'',1.25,'','','','','');
INSERT INTO "audit" VALUES(2,'2026-11-24T09:00:00.000+00:00','request-1','k','till 5','192.168.1.7','query.run','shop','q1','SELECT ''₹; it''''s''; DROP','stores',NULL,400,'query_refused',1.25,'','','','','');
INSERT INTO "audit" VALUES(3,'2026-11-25T09:00:00.000+00:00','request-2','k','till 5','192.168.1.7','query.run','shop','q2','','stores',NULL,403,'not_permitted',1.25,'','','','','');
INSERT INTO "audit" VALUES(4,'2026-11-28T19:35:51.894+00:00','f58ae96b85c306ae','3806d1074349eab1','administrator','127.0.0.1','roles.create','','','','',NULL,201,'',10.0,'','','north','name permissions policies','f6da2fe823912b43b7fb38d6ecb11445');
INSERT INTO "audit" VALUES(5,'2026-11-28T19:35:51.907+00:00','7e8b5436fb07eec0','3806d1074349eab1','administrator','127.0.0.1','users.create','','','','',NULL,201,'',3.12,'','','asha','username roles attributes.zone','2b62266851538c4c84781a8e44c85e64');
INSERT INTO "audit" VALUES(6,'2026-11-28T19:35:51.921+00:00','96635798856b6222','3806d1074349eab1','administrator','127.0.0.1','keys.show_all','','','','',NULL,200,'',4.68,'','','','','8698bc9121ec4d107cdd996ab00aaafa');
CREATE TABLE audit_chain (
            name TEXT PRIMARY KEY,
            sequence BIGINT NOT NULL,
            mac TEXT NOT NULL,
            seal TEXT NOT NULL
        );
INSERT INTO "audit_chain" VALUES('lock',0,'','');
INSERT INTO "audit_chain" VALUES('start',3,'00000000000000000000000000000000','64e89d894cbcd9a690de880fd4752c68');
INSERT INTO "audit_chain" VALUES('head',6,'8698bc9121ec4d107cdd996ab00aaafa','e0f7c306543535e96350afe211a56281');
CREATE TABLE audit_writers (writer TEXT PRIMARY KEY, last BIGINT NOT NULL);
CREATE TABLE connections (
            name TEXT PRIMARY KEY,
            type TEXT NOT NULL,
            params TEXT NOT NULL,
            sealed TEXT NOT NULL,
            description TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        , warnings TEXT NOT NULL DEFAULT '[]', tested_at TEXT NOT NULL DEFAULT '');
INSERT INTO "connections" VALUES('shop','postgresql','{"host":"127.0.0.1","port":5432,"database":"shop","user":"reader"}','gAAAAABrCpc5gwS7WNh88c1eJeZo-w5xJAI3Hsm5F07qp5pR2kjNCemhHrqwGv1RA_0eSUcy_ekO9XpmOHGY3b54gQ1gpo9_qjvn0ajylPHLGYcORHz7sEu6MFKfz5GbzIVJfop-eF5-QM_7cO_5SARphzhWfnbPZ5BP5ppd8FNIjmFOcnmuJk0=','The shop of the tests','2026-11-28T08:56:25.404+00:00','2026-11-28T08:56:25.404+00:00','[]','');
INSERT INTO "connections" VALUES('files','filesystem','{"root":"/nowhere","memory_mb":1024,"threads":0}','gAAAAABrCpc5okimYLWQ2ahYem0AkEhIb5j6I0H-2J3Q7zxB7p3UkogaSXdaCCTYmibQASuoNEHvEksZ470-ghEYqrpZj2wf_pG3K5ETfRwO_qffrQhX5Pnz56O2H_m2SL5IaoAh570w','','2026-11-28T08:56:25.407+00:00','2026-11-28T08:56:25.407+00:00','[]','');
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "facts" VALUES('vault_mark','gAAAAABrCpc5UEI2nVHlOK3yMhbx1m2vw17p02BR-sGmPGhyjiSmZh4DVwtiRSRih6XsnKw6SzZL4lgrBjoRyHJ-SBTHDFf0eR9rgdVAfuKXsUhxAY1gVppHVUsrTVFM7suGKNRYTYq7');
INSERT INTO "facts" VALUES('mask_secret','gAAAAABrCy0XYz7zp97MdTmFjOaT4Vz_k1j2U8LSeQMBpqkhMuXyABhRIS3i0C7kwLk7HkpdjWosAstGp3NxvUZ3XOmRVBj5eUW5WMUBcl7SUIMUQojvT7q5PVs7JD7xQSXr8H4JPGDawbnVEoSYbv947aT3c8wXvRDpbtNhywCEujPnEjcBcfg=');
INSERT INTO "facts" VALUES('audit_key','gAAAAABrCy0X-E0sMHriqNda96KkuhDXZxoNk-w3B7hMk44itFNxY4LBakcWOCTq_s9LwlmqropE2fHkJBm2DzT5i2LaDLfgWXH7ZWRHQJtDWmgado_eUD8qvkbgmvwMOFNbRTADPkPR9ZRm-uPBhk2Zm8akA5JT0rOxCRrm1qayc7fV6dhKA4AFf9C0y4HB4k9EOJDMbohFWG7cNQ6831SLf6GmU88xjw==');
CREATE TABLE jobs (
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
        , scope TEXT NOT NULL DEFAULT '');
INSERT INTO "jobs" VALUES('7d2f3c1e-0000-4000-8000-000000000001','a955f9afb23564ac','till 5','shop','SELECT 1','csv','gone','gone','','failed',0,0,0,0,NULL,0,'{"error":"Division by zero.","code":"query_failed"}','2026-11-28T11:20:05.000+00:00','2026-11-28T11:20:05.100+00:00','2026-11-28T11:20:05.200+00:00','2026-11-28T11:20:05.100+00:00','2999-01-01T00:00:00.000+00:00','');
CREATE TABLE migrations (number INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
INSERT INTO "migrations" VALUES(1,'2026-11-28T08:56:25.385+00:00');
INSERT INTO "migrations" VALUES(2,'2026-11-28T11:20:04.117+00:00');
INSERT INTO "migrations" VALUES(3,'2026-11-28T19:35:51.383+00:00');
CREATE TABLE roles (
            name TEXT PRIMARY KEY,
            description TEXT NOT NULL,
            permissions TEXT NOT NULL,
            policies TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        );
INSERT INTO "roles" VALUES('north','','db_read','[{"connection":"shop","tables":[{"table":"*","columns":null,"hidden":[],"rows":"","masks":{}}]}]','2026-11-28T19:35:51.886+00:00','2026-11-28T19:35:51.886+00:00');
CREATE TABLE users (
            username TEXT PRIMARY KEY,
            email TEXT NOT NULL,
            roles TEXT NOT NULL,
            active INTEGER NOT NULL,
            attributes TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        );
INSERT INTO "users" VALUES('asha','','north',1,'{"zone":"North"}','2026-11-28T19:35:51.906+00:00','2026-11-28T19:35:51.906+00:00');
CREATE TABLE versions (noun TEXT PRIMARY KEY, version INTEGER NOT NULL);
INSERT INTO "versions" VALUES('connections',3);
INSERT INTO "versions" VALUES('access',7);
INSERT INTO "versions" VALUES('jobs',1);
CREATE INDEX audit_at ON audit (at);
CREATE INDEX audit_request ON audit (request_id);
CREATE INDEX jobs_owner ON jobs (owner);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('audit',6);
COMMIT;
