ALTER TABLE exports ADD COLUMN protection TEXT CHECK (protection IN ('passphrase', 'key'));

CREATE TABLE export_locks (
    export_id TEXT PRIMARY KEY,
    head      BYTEA NOT NULL,
    file_key  BYTEA NOT NULL
);

-- Whatever ends the export takes its lock away, in the same transaction.
CREATE FUNCTION export_lock_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM export_locks WHERE export_id = OLD.id;
    RETURN NULL;
END $$;
CREATE TRIGGER export_lock_goes_with_the_build AFTER UPDATE OF status ON exports FOR EACH ROW
    WHEN (NEW.status NOT IN ('queued', 'building'))
    EXECUTE FUNCTION export_lock_goes();
CREATE TRIGGER export_lock_goes_with_its_export AFTER DELETE ON exports FOR EACH ROW
    EXECUTE FUNCTION export_lock_goes();
