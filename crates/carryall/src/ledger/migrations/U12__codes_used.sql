-- `U`: it stands by itself, so that a ledger that has later ones already takes it, too.
-- The last code of an authenticator app that each person used, by its step of thirty seconds since 1970: what was
-- seen over somebody's shoulder is good for nothing. Gone after a few minutes, when no clock takes it any more.
CREATE TABLE codes_used (
    subject_key TEXT PRIMARY KEY,
    step        BIGINT NOT NULL
);
