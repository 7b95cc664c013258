-- Requests that arrive by letter: one operator files them, another one approves, and everything has its day.
CREATE TABLE letters (
    id               TEXT PRIMARY KEY,        -- UUID v7
    subject_key      TEXT NOT NULL,
    reference        TEXT NOT NULL,           -- the operators' own: where the letter is kept
    reason           TEXT NOT NULL,
    received_on      TEXT NOT NULL,           -- a date; the month of Art. 12(3) begins
    due_on           TEXT NOT NULL,
    extension_reason TEXT,                    -- null: not extended
    state            TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused', 'closed')),
    asked_by         TEXT NOT NULL,           -- an operator
    asked_at         BIGINT NOT NULL,
    decided_by       TEXT CHECK (decided_by <> asked_by),
    decided_at       BIGINT,
    closing_words    TEXT,                    -- why it was refused, or how it was answered
    export_id        TEXT,                    -- once it is approved
    downloaded_at    BIGINT,
    protection       TEXT NOT NULL CHECK (protection IN ('passphrase', 'key')),
    head             BLOB,                    -- what closes the file, until it is approved
    file_key         BLOB
);
CREATE INDEX letters_by_state ON letters (state, due_on);

-- Set where an export was asked for by letter.
ALTER TABLE exports ADD COLUMN letter_id TEXT;

CREATE TABLE operator_sessions (
    token_sha256 TEXT PRIMARY KEY,
    id           TEXT NOT NULL,
    operator     TEXT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    created_at   BIGINT NOT NULL
);
