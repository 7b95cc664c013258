-- With what a file is protected, when the person asked for that; null when they did not.
ALTER TABLE exports ADD COLUMN protection TEXT CHECK (protection IN ('passphrase', 'key'));

-- What closes such a file while it waits and is written: the head of an age file, and the key that its writer
-- needs. The passphrase is not here, nor anywhere.
CREATE TABLE export_locks (
    export_id TEXT PRIMARY KEY,
    head      BLOB NOT NULL,                  -- begins the file; says who can open it
    file_key  BLOB NOT NULL                   -- 128 random bits
);

-- Whatever ends the export takes its lock away, in the same transaction: from then on nobody but the person can
-- open the file, whoever reads the ledger and the folder.
CREATE TRIGGER export_lock_goes_with_the_build AFTER UPDATE OF status ON exports
WHEN NEW.status NOT IN ('queued', 'building')
BEGIN
    DELETE FROM export_locks WHERE export_id = NEW.id;
END;
CREATE TRIGGER export_lock_goes_with_its_export AFTER DELETE ON exports
BEGIN
    DELETE FROM export_locks WHERE export_id = OLD.id;
END;
