CREATE TABLE notice_cursors (
    channel TEXT PRIMARY KEY,
    seq     BIGINT NOT NULL
);

CREATE TABLE notices (
    channel TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    attempt BIGINT NOT NULL DEFAULT 0,
    due_at  BIGINT NOT NULL,
    PRIMARY KEY (channel, seq)
);
CREATE INDEX notices_by_due ON notices (channel, due_at);
