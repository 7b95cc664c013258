-- `U`: it stands by itself, so that a ledger that has later ones already takes it, too.
-- Up to where the log was shortened because its time was up. Each row is signed by the key of the installation:
-- whoever only writes to the ledger can remove nothing unnoticed.
CREATE TABLE audit_checkpoints (
    seq       INTEGER PRIMARY KEY,            -- the last event that was removed
    hash      TEXT NOT NULL,                  -- its hash, to which the next event is bound
    at        BIGINT NOT NULL,
    key_id    TEXT NOT NULL,
    signature TEXT NOT NULL                   -- base64; over seq, hash and at
);

DROP TRIGGER audit_is_never_shortened;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_checkpoints)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

CREATE TRIGGER audit_checkpoint_is_never_changed BEFORE UPDATE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit log stays'); END;
CREATE TRIGGER audit_checkpoint_is_never_removed BEFORE DELETE ON audit_checkpoints
BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit log stays'); END;
CREATE TRIGGER audit_checkpoint_names_an_event BEFORE INSERT ON audit_checkpoints
WHEN NEW.hash IS NOT (SELECT hash FROM audit WHERE seq = NEW.seq)
BEGIN SELECT RAISE(ABORT, 'a checkpoint of the audit log names an event'); END;
