-- The same tables as for SQLite, under the same numbers; what they mean is said there. Integers are BIGINT
-- throughout, so that one value fits every column.

CREATE TABLE exports (
    id               TEXT PRIMARY KEY,
    subject_key      TEXT NOT NULL,
    workspace_id     TEXT,
    since            BIGINT,
    until            BIGINT,
    file_contents    BOOLEAN NOT NULL,
    status           TEXT NOT NULL CHECK (status IN
        ('queued', 'building', 'ready', 'failed', 'cancelled', 'expired', 'deleted')),
    attempt          BIGINT NOT NULL DEFAULT 0,
    lease_owner      TEXT,
    lease_token      TEXT,
    lease_expires_at BIGINT,
    section          TEXT,
    records          BIGINT NOT NULL DEFAULT 0,
    bytes            BIGINT NOT NULL DEFAULT 0,
    expected_bytes   BIGINT,
    artifact_key     TEXT,
    file_name        TEXT,
    size_bytes       BIGINT,
    sha256           TEXT,
    gap_count        BIGINT,
    counts           TEXT,
    failure          TEXT,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT,
    expires_at       BIGINT,
    downloaded_at    BIGINT
);

CREATE UNIQUE INDEX exports_one_running ON exports (subject_key) WHERE status IN ('queued', 'building');
CREATE INDEX exports_of_subject ON exports (subject_key, created_at);
CREATE INDEX exports_by_status ON exports (status, created_at);

CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY,
    subject_key  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_of_subject ON sessions (subject_key);
