CREATE TABLE artifact_keys (
    artifact_key TEXT PRIMARY KEY,
    secret       BYTEA NOT NULL
);

-- Whatever takes the artifact away from its export takes the key too, in the same transaction.
CREATE FUNCTION artifact_key_goes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM artifact_keys WHERE artifact_key = OLD.artifact_key;
    RETURN NULL;
END $$;
CREATE TRIGGER artifact_key_goes_with_its_artifact AFTER UPDATE OF artifact_key ON exports FOR EACH ROW
    WHEN (OLD.artifact_key IS NOT NULL AND OLD.artifact_key IS DISTINCT FROM NEW.artifact_key)
    EXECUTE FUNCTION artifact_key_goes();
CREATE TRIGGER artifact_key_goes_with_its_export AFTER DELETE ON exports FOR EACH ROW
    WHEN (OLD.artifact_key IS NOT NULL)
    EXECUTE FUNCTION artifact_key_goes();
