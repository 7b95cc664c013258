ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN address TEXT;
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';

CREATE TABLE tries (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    limit_name TEXT NOT NULL,
    who        TEXT NOT NULL,
    at         BIGINT NOT NULL
);
CREATE INDEX tries_of ON tries (limit_name, who, at);
CREATE INDEX tries_by_age ON tries (at);
