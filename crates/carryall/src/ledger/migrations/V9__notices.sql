-- Who has to hear of what happened: the person by e-mail, the operator by a webhook. What happened stands in the
-- audit log, so that an event and its notice cannot come apart; here stands how far each channel has read it,
-- and what is still to be sent.
CREATE TABLE notice_cursors (
    channel TEXT PRIMARY KEY,                 -- 'mail', 'webhook'
    seq     BIGINT NOT NULL                   -- the last event that was looked at
);

CREATE TABLE notices (
    channel TEXT NOT NULL,
    seq     BIGINT NOT NULL,                  -- the event
    attempt INTEGER NOT NULL DEFAULT 0,       -- how often it was tried
    due_at  BIGINT NOT NULL,                  -- not before then
    PRIMARY KEY (channel, seq)
);
CREATE INDEX notices_by_due ON notices (channel, due_at);
