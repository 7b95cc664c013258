-- What happened, in order: rows are only ever added. `hash` covers the row and the hash before it, so that a
-- row that is changed, taken out or moved by other means than this program shows.

CREATE TABLE audit (
    seq         INTEGER PRIMARY KEY,      -- 1, 2, 3, ... without a hole
    at          BIGINT NOT NULL,
    event       TEXT NOT NULL,
    subject_key TEXT,                     -- null: nobody whom the product knows
    session_id  TEXT,                     -- null: nobody was signed in, or the program itself
    address     TEXT,                     -- null: the program itself
    export_id   TEXT,
    outcome     TEXT NOT NULL,
    facts       TEXT NOT NULL,            -- JSON: counts, sizes, digests; never contents
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
);
CREATE INDEX audit_of_subject ON audit (subject_key, seq);

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
-- Also what `INSERT OR REPLACE` would do.
CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
    OR (NEW.seq > 1 AND NEW.previous IS NOT (SELECT hash FROM audit ORDER BY seq DESC LIMIT 1))
BEGIN SELECT RAISE(ABORT, 'the audit log only grows at its end'); END;

-- What a session is called where its token must not be.
ALTER TABLE sessions ADD COLUMN id TEXT NOT NULL DEFAULT '';
