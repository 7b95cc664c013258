-- The database of ISMS Copilot, as far as an export has to know it.
--
-- Ids are UUIDs in text. Times are RFC 3339 in UTC with milliseconds; `sign_ins` and `email_events`
-- come from a log pipeline and hold integer seconds since 1970. A row that its owner deleted keeps
-- standing with `deleted_at` until the nightly clean-up, so it is still held and still exported.

PRAGMA journal_mode = WAL;

-- Nothing about anybody: the same for every account ------------------------------------------------

CREATE TABLE schema_migrations (
    version    TEXT PRIMARY KEY NOT NULL,
    applied_at TEXT NOT NULL
);

CREATE TABLE plans (
    id                TEXT PRIMARY KEY NOT NULL,      -- free, plus, pro_unlimited, team
    name              TEXT NOT NULL,
    unit_amount_minor INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    credits_per_session INTEGER,                      -- null: no limit
    stripe_price_id   TEXT
);

CREATE TABLE frameworks (
    id      TEXT PRIMARY KEY NOT NULL,
    name    TEXT NOT NULL,
    edition TEXT NOT NULL
);

CREATE TABLE framework_controls (
    framework_id TEXT NOT NULL REFERENCES frameworks (id),
    reference    TEXT NOT NULL,
    title        TEXT NOT NULL,
    guidance     TEXT NOT NULL,                       -- what the product adds to a prompt
    PRIMARY KEY (framework_id, reference)
) WITHOUT ROWID;

CREATE TABLE system_prompts (
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,
    prompt  TEXT NOT NULL,
    PRIMARY KEY (name, version)
) WITHOUT ROWID;

-- The person ---------------------------------------------------------------------------------------

CREATE TABLE users (
    id                 TEXT PRIMARY KEY NOT NULL,
    email              TEXT NOT NULL COLLATE NOCASE UNIQUE,
    email_confirmed_at TEXT,
    display_name       TEXT,
    password_hash      TEXT,                          -- argon2id; null: signs in with a provider only
    totp_secret        TEXT,                          -- base32, of an authenticator app; null: none is set up
    auth_providers     JSON NOT NULL,                 -- ["email","google","microsoft"]
    is_active          BOOLEAN NOT NULL DEFAULT 1,
    terms_accepted_at  TEXT,
    dpa_accepted_at    TEXT,
    last_login_at      TEXT,
    stripe_customer_id TEXT,
    unsubscribe_token  TEXT NOT NULL,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    deleted_at         TEXT
);

CREATE TABLE user_settings (
    user_id                    TEXT PRIMARY KEY NOT NULL REFERENCES users (id),
    language                   TEXT NOT NULL,
    time_zone                  TEXT NOT NULL,
    default_persona            TEXT NOT NULL,         -- default, implementer, auditor, consultant
    advanced_data_protection   BOOLEAN NOT NULL,
    retention_mode             TEXT NOT NULL CHECK (retention_mode IN ('days', 'forever')),
    retention_days             INTEGER,
    memory_general_detection   BOOLEAN NOT NULL,
    memory_general_injection   BOOLEAN NOT NULL,
    memory_workspace_detection BOOLEAN NOT NULL,
    memory_workspace_injection BOOLEAN NOT NULL,
    product_email_opt_in       BOOLEAN NOT NULL,
    preferences                JSON NOT NULL,         -- theme, editor, onboarding, experiments
    updated_at                 TEXT NOT NULL
);

CREATE TABLE consents (
    user_id    TEXT NOT NULL REFERENCES users (id),
    kind       TEXT NOT NULL,                         -- terms, dpa, product_email, analytics
    version    TEXT NOT NULL,
    granted    BOOLEAN NOT NULL,
    decided_at TEXT NOT NULL,
    PRIMARY KEY (user_id, kind, version)
) WITHOUT ROWID;

CREATE TABLE usage_statistics (
    user_id             TEXT PRIMARY KEY NOT NULL REFERENCES users (id),
    messages_sent       INTEGER NOT NULL,
    conversations       INTEGER NOT NULL,
    documents_generated INTEGER NOT NULL,
    counted_at          TEXT NOT NULL
);

CREATE TABLE oauth_accounts (
    id               TEXT PRIMARY KEY NOT NULL,
    user_id          TEXT NOT NULL REFERENCES users (id),
    provider         TEXT NOT NULL,                   -- google, microsoft
    provider_user_id TEXT NOT NULL,
    provider_email   TEXT NOT NULL,
    access_token     TEXT NOT NULL,
    refresh_token    TEXT,
    id_token         TEXT,
    token_expires_at TEXT,
    connected_at     TEXT NOT NULL,
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX oauth_accounts_user ON oauth_accounts (user_id);

CREATE TABLE sessions (
    id           TEXT PRIMARY KEY NOT NULL,
    user_id      TEXT NOT NULL REFERENCES users (id),
    token_hash   TEXT NOT NULL UNIQUE,
    csrf_secret  TEXT NOT NULL,
    ip_address   TEXT,
    user_agent   TEXT,
    created_at   TEXT NOT NULL,
    last_seen_at TEXT NOT NULL,
    expires_at   TEXT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE one_time_tokens (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id),
    purpose    TEXT NOT NULL,                         -- confirm_email, reset_password
    token_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at    TEXT
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);

CREATE TABLE sign_ins (
    id          INTEGER PRIMARY KEY,
    user_id     TEXT NOT NULL REFERENCES users (id),
    happened_at INTEGER NOT NULL,                     -- seconds since 1970
    method      TEXT NOT NULL,                        -- email, google, microsoft
    succeeded   BOOLEAN NOT NULL,
    ip_address  TEXT NOT NULL,
    country     TEXT,
    user_agent  TEXT,
    risk_signals JSON                                 -- what the abuse detection saw
);
CREATE INDEX sign_ins_user ON sign_ins (user_id, happened_at);

-- Organisations ------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id                 TEXT PRIMARY KEY NOT NULL,
    owner_user_id      TEXT NOT NULL REFERENCES users (id),
    name               TEXT NOT NULL,
    billing_email      TEXT NOT NULL,
    country            TEXT,
    vat_number         TEXT,
    member_limit       INTEGER NOT NULL,
    stripe_customer_id TEXT,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL
);
CREATE INDEX organizations_owner ON organizations (owner_user_id);

CREATE TABLE organization_members (
    organization_id TEXT NOT NULL REFERENCES organizations (id),
    user_id         TEXT NOT NULL REFERENCES users (id),
    role            TEXT NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at       TEXT NOT NULL,
    removed_at      TEXT,                             -- one organisation at a time; past ones stay
    PRIMARY KEY (organization_id, user_id)
) WITHOUT ROWID;
CREATE INDEX organization_members_user ON organization_members (user_id);
CREATE UNIQUE INDEX organization_members_one ON organization_members (user_id) WHERE removed_at IS NULL;

CREATE TABLE invitations (
    id                  TEXT PRIMARY KEY NOT NULL,
    organization_id     TEXT NOT NULL REFERENCES organizations (id),
    invited_by_user_id  TEXT NOT NULL REFERENCES users (id),
    email               TEXT NOT NULL,
    role                TEXT NOT NULL,
    status              TEXT NOT NULL,                -- pending, accepted, expired, withdrawn
    token_hash          TEXT NOT NULL UNIQUE,
    accepted_by_user_id TEXT REFERENCES users (id),
    accepted_at         TEXT,
    expires_at          TEXT NOT NULL,
    created_at          TEXT NOT NULL
);
CREATE INDEX invitations_organization ON invitations (organization_id);
CREATE INDEX invitations_invited_by ON invitations (invited_by_user_id);
CREATE INDEX invitations_accepted_by ON invitations (accepted_by_user_id);

-- Workspaces and conversations ---------------------------------------------------------------------

CREATE TABLE workspaces (
    id                   TEXT PRIMARY KEY NOT NULL,
    owner_user_id        TEXT NOT NULL REFERENCES users (id),
    organization_id      TEXT REFERENCES organizations (id),  -- set: shared with that team
    name                 TEXT NOT NULL,
    description          TEXT,
    project_instructions TEXT,
    default_persona      TEXT NOT NULL,
    is_default           BOOLEAN NOT NULL,
    is_shared            BOOLEAN NOT NULL,
    created_at           TEXT NOT NULL,
    updated_at           TEXT NOT NULL,
    deleted_at           TEXT,
    CHECK (is_shared = (organization_id IS NOT NULL))
);
CREATE INDEX workspaces_owner ON workspaces (owner_user_id);
CREATE INDEX workspaces_organization ON workspaces (organization_id) WHERE organization_id IS NOT NULL;

CREATE TABLE threads (
    id                 TEXT PRIMARY KEY NOT NULL,
    user_id            TEXT NOT NULL REFERENCES users (id),   -- who started it
    workspace_id       TEXT REFERENCES workspaces (id),       -- null: outside workspaces
    title              TEXT NOT NULL,
    persona            TEXT NOT NULL,
    status             TEXT NOT NULL,                         -- active, deleted
    current_message_id TEXT,                                  -- end of the branch on show
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    last_message_at    TEXT,
    expires_at         TEXT,                                  -- from the retention setting
    deleted_at         TEXT
);
CREATE INDEX threads_user ON threads (user_id);
CREATE INDEX threads_workspace ON threads (workspace_id);

-- Whoever writes in a thread stands here first; `messages` refers to it.
CREATE TABLE thread_participants (
    thread_id    TEXT NOT NULL REFERENCES threads (id),
    user_id      TEXT NOT NULL REFERENCES users (id),
    joined_at    TEXT NOT NULL,
    last_read_at TEXT,
    PRIMARY KEY (thread_id, user_id)
) WITHOUT ROWID;
CREATE INDEX thread_participants_user ON thread_participants (user_id);

CREATE TABLE messages (
    id                       TEXT PRIMARY KEY NOT NULL,
    thread_id                TEXT NOT NULL REFERENCES threads (id),
    parent_id                TEXT,                    -- the message before it; siblings are branches
    role                     TEXT NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    author_user_id           TEXT,                    -- who wrote it, or whom the assistant answered; null: a notice
    content                  TEXT NOT NULL,           -- Markdown
    content_parts            JSON,                    -- reasoning, tool calls
    file_ids                 JSON NOT NULL DEFAULT '[]',
    generated_document_ids   JSON NOT NULL DEFAULT '[]',
    sources                  JSON,                    -- [{"title","reference"}]
    persona                  TEXT,
    provider                 TEXT,                    -- mistral, anthropic, openrouter
    model                    TEXT,
    advanced_data_protection BOOLEAN NOT NULL,
    credits_used             REAL NOT NULL DEFAULT 0,
    moderation_outcome       TEXT,                    -- passed, flagged
    moderated_at             TEXT,
    moderation_detail        JSON,                    -- categories; raw scores and policy of the provider
    provider_request_id      TEXT,
    injected_context         TEXT,                    -- the maker's prompt around the question
    created_at               TEXT NOT NULL,
    deleted_at               TEXT,
    FOREIGN KEY (thread_id, author_user_id) REFERENCES thread_participants (thread_id, user_id)
);
CREATE INDEX messages_thread ON messages (thread_id, created_at, id);
CREATE INDEX messages_author ON messages (author_user_id);

CREATE TABLE feedback (
    id         TEXT PRIMARY KEY NOT NULL,
    user_id    TEXT NOT NULL REFERENCES users (id),
    thread_id  TEXT NOT NULL REFERENCES threads (id),
    message_id TEXT NOT NULL REFERENCES messages (id),
    rating     TEXT NOT NULL CHECK (rating IN ('up', 'down')),
    comment    TEXT,
    created_at TEXT NOT NULL
);
CREATE INDEX feedback_user ON feedback (user_id);
CREATE INDEX feedback_message ON feedback (message_id);

-- Kept for twelve months whatever the retention setting, so it does not refer to the message's row.
CREATE TABLE moderation_flags (
    id             TEXT PRIMARY KEY NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id),
    flagged_at     TEXT NOT NULL,
    category       TEXT NOT NULL,
    outcome        TEXT NOT NULL,                     -- answered, refused
    raw_score      REAL NOT NULL,
    reviewed_by    TEXT,
    reviewer_note  TEXT,
    keep_until     TEXT NOT NULL
);
CREATE INDEX moderation_flags_user ON moderation_flags (user_id);

CREATE TABLE retention_runs (
    id              TEXT PRIMARY KEY NOT NULL,
    user_id         TEXT NOT NULL REFERENCES users (id),
    ran_at          TEXT NOT NULL,
    older_than      TEXT NOT NULL,
    threads_deleted INTEGER NOT NULL,
    files_deleted   INTEGER NOT NULL
);
CREATE INDEX retention_runs_user ON retention_runs (user_id);

-- Files and documents ------------------------------------------------------------------------------

CREATE TABLE uploaded_files (
    id             TEXT PRIMARY KEY NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id),
    workspace_id   TEXT REFERENCES workspaces (id),
    thread_id      TEXT REFERENCES threads (id),
    message_id     TEXT REFERENCES messages (id),
    name           TEXT NOT NULL,
    extension      TEXT NOT NULL,
    media_type     TEXT NOT NULL,
    size_bytes     INTEGER NOT NULL,
    sha256         TEXT NOT NULL,
    status         TEXT NOT NULL,                     -- available
    extracted_text TEXT,
    storage_key    TEXT NOT NULL,
    scan           JSON NOT NULL,                     -- verdict; engine and signature of the virus scan
    created_at     TEXT NOT NULL,
    expires_at     TEXT,
    deleted_at     TEXT
);
CREATE INDEX uploaded_files_user ON uploaded_files (user_id);
CREATE INDEX uploaded_files_workspace ON uploaded_files (workspace_id);
CREATE INDEX uploaded_files_thread ON uploaded_files (thread_id);
CREATE INDEX uploaded_files_message ON uploaded_files (message_id);

CREATE TABLE generated_documents (
    id                  TEXT PRIMARY KEY NOT NULL,
    user_id             TEXT NOT NULL REFERENCES users (id),
    workspace_id        TEXT REFERENCES workspaces (id),
    thread_id           TEXT REFERENCES threads (id),
    message_id          TEXT REFERENCES messages (id),
    name                TEXT NOT NULL,
    title               TEXT NOT NULL,
    format              TEXT NOT NULL,                -- md, docx, pdf, xlsx
    media_type          TEXT NOT NULL,
    size_bytes          INTEGER NOT NULL,
    sha256              TEXT NOT NULL,
    version             INTEGER NOT NULL,
    previous_version_id TEXT REFERENCES generated_documents (id),
    content             TEXT,                         -- the text of a Markdown document
    storage_key         TEXT,                         -- the others' file
    generation_prompt   TEXT,
    created_at          TEXT NOT NULL,
    updated_at          TEXT NOT NULL,
    deleted_at          TEXT
);
CREATE INDEX generated_documents_user ON generated_documents (user_id);
CREATE INDEX generated_documents_workspace ON generated_documents (workspace_id);
CREATE INDEX generated_documents_thread ON generated_documents (thread_id);
CREATE INDEX generated_documents_message ON generated_documents (message_id);
CREATE INDEX generated_documents_previous ON generated_documents (previous_version_id);

-- Memories -----------------------------------------------------------------------------------------

CREATE TABLE workspace_memories (
    id                 TEXT PRIMARY KEY NOT NULL,
    workspace_id       TEXT NOT NULL REFERENCES workspaces (id),
    created_by_user_id TEXT NOT NULL REFERENCES users (id),
    content            TEXT NOT NULL,
    source             TEXT NOT NULL CHECK (source IN ('manual', 'auto')),
    source_thread_id   TEXT REFERENCES threads (id),
    embedding          BLOB,
    created_at         TEXT NOT NULL,
    updated_at         TEXT NOT NULL,
    deleted_at         TEXT
);
CREATE INDEX workspace_memories_workspace ON workspace_memories (workspace_id);
CREATE INDEX workspace_memories_created_by ON workspace_memories (created_by_user_id);

CREATE TABLE user_memories (
    id               TEXT PRIMARY KEY NOT NULL,
    user_id          TEXT NOT NULL REFERENCES users (id),
    content          TEXT NOT NULL,
    source           TEXT NOT NULL CHECK (source IN ('manual', 'auto')),
    source_thread_id TEXT REFERENCES threads (id),
    embedding        BLOB,
    created_at       TEXT NOT NULL,
    updated_at       TEXT NOT NULL,
    deleted_at       TEXT
);
CREATE INDEX user_memories_user ON user_memories (user_id);

-- Money --------------------------------------------------------------------------------------------

CREATE TABLE subscriptions (
    id                     TEXT PRIMARY KEY NOT NULL,
    user_id                TEXT REFERENCES users (id),          -- a personal plan
    organization_id        TEXT REFERENCES organizations (id),  -- or a team's
    plan                   TEXT NOT NULL REFERENCES plans (id),
    status                 TEXT NOT NULL,             -- active, trialing, past_due, canceled
    billing_provider       TEXT NOT NULL,
    billing_interval       TEXT NOT NULL CHECK (billing_interval IN ('month', 'year')),
    unit_amount_minor      INTEGER NOT NULL,
    currency               TEXT NOT NULL,
    price_locked           BOOLEAN NOT NULL,
    seats                  INTEGER NOT NULL,
    credits                JSON,                      -- {"limit_per_session","window_hours"}
    current_period_start   TEXT NOT NULL,
    current_period_end     TEXT NOT NULL,
    cancel_at_period_end   BOOLEAN NOT NULL,
    canceled_at            TEXT,
    stripe_subscription_id TEXT NOT NULL UNIQUE,
    created_at             TEXT NOT NULL,
    updated_at             TEXT NOT NULL,
    CHECK ((user_id IS NULL) <> (organization_id IS NULL))
);
CREATE INDEX subscriptions_user ON subscriptions (user_id);
CREATE INDEX subscriptions_organization ON subscriptions (organization_id);

CREATE TABLE invoices (
    id                TEXT PRIMARY KEY NOT NULL,
    subscription_id   TEXT NOT NULL REFERENCES subscriptions (id),
    user_id           TEXT NOT NULL REFERENCES users (id),      -- who pays: the person, or the team's owner
    number            TEXT NOT NULL UNIQUE,
    issued_on         DATE NOT NULL,
    amount_minor      INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    status            TEXT NOT NULL,                  -- paid, open
    stripe_invoice_id TEXT NOT NULL,
    hosted_url        TEXT NOT NULL,
    created_at        TEXT NOT NULL
);
CREATE INDEX invoices_user ON invoices (user_id);
CREATE INDEX invoices_subscription ON invoices (subscription_id);

CREATE TABLE credit_sessions (
    id            TEXT PRIMARY KEY NOT NULL,
    user_id       TEXT NOT NULL REFERENCES users (id),
    plan          TEXT NOT NULL,
    limit_credits INTEGER,
    used_credits  REAL NOT NULL,
    started_at    TEXT NOT NULL,
    resets_at     TEXT NOT NULL
);
CREATE INDEX credit_sessions_user ON credit_sessions (user_id);

CREATE TABLE stripe_events (
    id          TEXT PRIMARY KEY NOT NULL,
    user_id     TEXT NOT NULL REFERENCES users (id),
    type        TEXT NOT NULL,
    payload     JSON NOT NULL,
    received_at TEXT NOT NULL
);
CREATE INDEX stripe_events_user ON stripe_events (user_id);

-- Around it ----------------------------------------------------------------------------------------

CREATE TABLE email_events (
    id                  TEXT PRIMARY KEY NOT NULL,
    user_id             TEXT NOT NULL REFERENCES users (id),
    happened_at         INTEGER NOT NULL,             -- seconds since 1970
    campaign            TEXT NOT NULL,
    event               TEXT NOT NULL,                -- delivered, opened, clicked, unsubscribed
    link                TEXT,
    provider_message_id TEXT NOT NULL
);
CREATE INDEX email_events_user ON email_events (user_id, happened_at);

CREATE TABLE slack_connections (
    id             TEXT PRIMARY KEY NOT NULL,
    user_id        TEXT NOT NULL REFERENCES users (id),
    slack_team     TEXT NOT NULL,
    slack_user_id  TEXT NOT NULL,
    channel        TEXT,
    settings       JSON NOT NULL,                     -- notifications; the signing secret of the app
    bot_token      TEXT NOT NULL,
    connected_at   TEXT NOT NULL,
    disconnected_at TEXT
);
CREATE INDEX slack_connections_user ON slack_connections (user_id);
