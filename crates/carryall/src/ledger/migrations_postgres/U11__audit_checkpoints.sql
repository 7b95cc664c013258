CREATE TABLE audit_checkpoints (
    seq       BIGINT PRIMARY KEY,
    hash      TEXT NOT NULL,
    at        BIGINT NOT NULL,
    key_id    TEXT NOT NULL,
    signature TEXT NOT NULL
);

CREATE FUNCTION audit_checks_its_beginning() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.seq > (SELECT coalesce(max(seq), 0) FROM audit_checkpoints) THEN
        RAISE EXCEPTION 'the audit log is append-only';
    END IF;
    RETURN OLD;
END $$;
DROP TRIGGER audit_is_never_shortened ON audit;
CREATE TRIGGER audit_is_never_shortened BEFORE DELETE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_checks_its_beginning();

CREATE FUNCTION audit_checkpoint_refuses() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a checkpoint of the audit log stays';
END $$;
CREATE FUNCTION audit_checkpoint_checks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.hash IS DISTINCT FROM (SELECT hash FROM audit WHERE seq = NEW.seq) THEN
        RAISE EXCEPTION 'a checkpoint of the audit log names an event';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER audit_checkpoint_is_never_changed BEFORE UPDATE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_refuses();
CREATE TRIGGER audit_checkpoint_is_never_removed BEFORE DELETE ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_refuses();
CREATE TRIGGER audit_checkpoint_is_never_emptied BEFORE TRUNCATE ON audit_checkpoints
    FOR EACH STATEMENT EXECUTE FUNCTION audit_checkpoint_refuses();
CREATE TRIGGER audit_checkpoint_names_an_event BEFORE INSERT ON audit_checkpoints
    FOR EACH ROW EXECUTE FUNCTION audit_checkpoint_checks();
