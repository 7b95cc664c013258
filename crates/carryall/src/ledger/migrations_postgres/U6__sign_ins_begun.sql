-- The same table as for SQLite; what it means is said there.
CREATE TABLE sign_ins_begun (
    state_sha256   TEXT PRIMARY KEY,
    browser_sha256 TEXT NOT NULL,
    nonce          TEXT NOT NULL,
    verifier       TEXT NOT NULL,
    session_id     TEXT,
    next           TEXT NOT NULL,
    at             BIGINT NOT NULL
);
CREATE INDEX sign_ins_begun_by_age ON sign_ins_begun (at);
