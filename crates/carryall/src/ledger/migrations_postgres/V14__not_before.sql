ALTER TABLE exports ADD COLUMN not_before BIGINT;
