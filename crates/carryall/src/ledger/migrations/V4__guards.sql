-- What a person sees of their sessions, and when they last proved who they are.
ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN address TEXT;             -- where it was begun
ALTER TABLE sessions ADD COLUMN browser TEXT NOT NULL DEFAULT '';

-- Tries that count against a limit, for as long as they do. `who` is a digest: of an account, an address,
-- or of what somebody typed as a login.
CREATE TABLE tries (
    id    INTEGER PRIMARY KEY,
    limit_name TEXT NOT NULL,
    who   TEXT NOT NULL,
    at    BIGINT NOT NULL
);
CREATE INDEX tries_of ON tries (limit_name, who, at);
CREATE INDEX tries_by_age ON tries (at);
