CREATE TABLE codes_used (
    subject_key TEXT PRIMARY KEY,
    step        BIGINT NOT NULL
);
