-- Which key signed the file, by its id; null in what was written before files were signed.
ALTER TABLE exports ADD COLUMN signed_by TEXT;
