-- Rows are only ever added, in order: as for SQLite, and not even TRUNCATE takes them away.

CREATE TABLE audit (
    seq         BIGINT PRIMARY KEY,
    at          BIGINT NOT NULL,
    event       TEXT NOT NULL,
    subject_key TEXT,
    session_id  TEXT,
    address     TEXT,
    export_id   TEXT,
    outcome     TEXT NOT NULL,
    facts       TEXT NOT NULL,
    previous    TEXT NOT NULL,
    hash        TEXT NOT NULL
);
CREATE INDEX audit_of_subject ON audit (subject_key, seq);

CREATE FUNCTION audit_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE FUNCTION audit_checks_its_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_seq  BIGINT;
    last_hash TEXT;
BEGIN
    SELECT seq, hash INTO last_seq, last_hash FROM audit ORDER BY seq DESC LIMIT 1;
    IF NEW.seq IS DISTINCT FROM coalesce(last_seq, 0) + 1
        OR (last_seq IS NOT NULL AND NEW.previous IS DISTINCT FROM last_hash) THEN
        RAISE EXCEPTION 'the audit log only grows at its end';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuses();
CREATE TRIGGER audit_grows_at_its_end BEFORE INSERT ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_checks_its_end();

ALTER TABLE sessions ADD COLUMN id TEXT NOT NULL DEFAULT '';
