-- `U`: it stands by itself, so that a ledger that has V9 already takes it, too.
-- Sign-ins that go on at a provider of OpenID Connect. A row is taken out when its person comes back, so that the
-- way back is good once; what nobody came back for goes after ten minutes.
CREATE TABLE sign_ins_begun (
    state_sha256   TEXT PRIMARY KEY,          -- the state itself is only in the address
    browser_sha256 TEXT NOT NULL,             -- and this one only in the browser's cookie
    nonce          TEXT NOT NULL,
    verifier       TEXT NOT NULL,
    session_id     TEXT,                      -- null: somebody signs in; else whose proof it is
    next           TEXT NOT NULL,
    at             BIGINT NOT NULL
);
CREATE INDEX sign_ins_begun_by_age ON sign_ins_begun (at);
