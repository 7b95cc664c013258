CREATE INDEX exports_by_time ON exports (created_at);
