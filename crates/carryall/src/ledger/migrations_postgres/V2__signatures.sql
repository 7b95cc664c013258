ALTER TABLE exports ADD COLUMN signed_by TEXT;
