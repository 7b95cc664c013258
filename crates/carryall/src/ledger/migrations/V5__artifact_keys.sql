-- What an artifact in the folder is encrypted with. Apart from `exports`, so that no list of exports carries it.
CREATE TABLE artifact_keys (
    artifact_key TEXT PRIMARY KEY,            -- the artifact's random name
    secret       BLOB NOT NULL                -- 256 random bits, new for each attempt
);

-- Whatever takes the artifact away from its export takes the key too, in the same transaction: what is left of the
-- file can then be read by nobody.
CREATE TRIGGER artifact_key_goes_with_its_artifact AFTER UPDATE OF artifact_key ON exports
WHEN OLD.artifact_key IS NOT NULL AND OLD.artifact_key IS NOT NEW.artifact_key
BEGIN
    DELETE FROM artifact_keys WHERE artifact_key = OLD.artifact_key;
END;
CREATE TRIGGER artifact_key_goes_with_its_export AFTER DELETE ON exports
WHEN OLD.artifact_key IS NOT NULL
BEGIN
    DELETE FROM artifact_keys WHERE artifact_key = OLD.artifact_key;
END;
