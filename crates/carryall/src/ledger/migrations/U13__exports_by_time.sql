-- `U`: it stands by itself, so that a ledger that has later ones already takes it, too.
-- For the limit of all people together, which counts within an hour.
CREATE INDEX exports_by_time ON exports (created_at);
