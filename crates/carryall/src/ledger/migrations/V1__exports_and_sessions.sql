-- Times are milliseconds since 1970. Nothing here repeats what the product holds: a person is the
-- product's own key for them.

CREATE TABLE exports (
    id               TEXT PRIMARY KEY,        -- UUID v7
    subject_key      TEXT NOT NULL,
    workspace_id     TEXT,                    -- null: every workspace
    since            BIGINT,                  -- null: from the beginning
    until            BIGINT,                  -- null: to the end
    file_contents    BOOLEAN NOT NULL,
    status           TEXT NOT NULL CHECK (status IN
        ('queued', 'building', 'ready', 'failed', 'cancelled', 'expired', 'deleted')),
    attempt          INTEGER NOT NULL DEFAULT 0,
    lease_owner      TEXT,
    lease_token      TEXT,                    -- fences off a worker that lost its lease
    lease_expires_at BIGINT,
    section          TEXT,                    -- being written
    records          BIGINT NOT NULL DEFAULT 0,
    bytes            BIGINT NOT NULL DEFAULT 0,
    expected_bytes   BIGINT,
    artifact_key     TEXT,                    -- of this attempt; random, never the file's name
    file_name        TEXT,
    size_bytes       BIGINT,
    sha256           TEXT,
    gap_count        BIGINT,
    counts           TEXT,                    -- JSON: section -> records
    failure          TEXT,                    -- code; the words for the person are in the program
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT,
    expires_at       BIGINT,
    downloaded_at    BIGINT                   -- first time
);

-- One running export a person: the database's word, whatever the number of processes.
CREATE UNIQUE INDEX exports_one_running ON exports (subject_key) WHERE status IN ('queued', 'building');
CREATE INDEX exports_of_subject ON exports (subject_key, created_at);
CREATE INDEX exports_by_status ON exports (status, created_at);

CREATE TABLE sessions (
    token_sha256 TEXT PRIMARY KEY,            -- the token itself is only in the browser
    subject_key  TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX sessions_of_subject ON sessions (subject_key);
