CREATE TABLE letters (
    id               TEXT PRIMARY KEY,
    subject_key      TEXT NOT NULL,
    reference        TEXT NOT NULL,
    reason           TEXT NOT NULL,
    received_on      TEXT NOT NULL,
    due_on           TEXT NOT NULL,
    extension_reason TEXT,
    state            TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'closed')),
    asked_by         TEXT NOT NULL,
    asked_at         BIGINT NOT NULL,
    decided_by       TEXT CHECK (decided_by <> asked_by),
    decided_at       BIGINT,
    closing_words    TEXT,
    export_id        TEXT,
    downloaded_at    BIGINT,
    protection       TEXT NOT NULL CHECK (protection IN ('passphrase', 'key')),
    head             BYTEA,
    file_key         BYTEA
);
CREATE INDEX letters_by_state ON letters (state, due_on);
ALTER TABLE exports ADD COLUMN letter_id TEXT;

CREATE TABLE operator_sessions (
    token_sha256 TEXT PRIMARY KEY,
    id           TEXT NOT NULL,
    operator     TEXT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
