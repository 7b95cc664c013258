-- The database of ISMS Copilot on PostgreSQL, in Supabase's manner, as far as an export has to know it.
--
-- The same tables as schema.sqlite.sql, with the types that PostgreSQL has: UUIDs, moments, jsonb. People
-- stand in `users`, the product's own table, and in `auth.users`, where Supabase signs them in; what lies in the
-- storage is listed in `storage.objects`. Policies let a person's own browser read what is theirs, and an export
-- with `--rls-claims` no more than that. `sign_ins` and `email_events` come from a log pipeline and hold integer
-- seconds since 1970. A row that its owner deleted keeps standing with `deleted_at` until the nightly clean-up, so
-- it is still held and still exported.

-- What Supabase brings along ------------------------------------------------------------------------

-- Roles belong to the whole server, and may be there.
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['anon', 'authenticated', 'service_role'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            IF role = 'service_role' THEN
                ALTER ROLE service_role BYPASSRLS;
            END IF;
        END IF;
    END LOOP;
EXCEPTION
    -- Somebody makes them at this moment for another database of the server.
    WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

CREATE SCHEMA auth;
CREATE SCHEMA storage;
-- For functions that policies ask: they read with the rights of the tables' owner.
CREATE SCHEMA private;

CREATE TABLE auth.users (
    id                 uuid PRIMARY KEY,
    email              text UNIQUE,
    encrypted_password text,                          -- null: signs in with a provider only
    email_confirmed_at timestamptz,
    confirmation_token text,
    recovery_token     text,
    last_sign_in_at    timestamptz,
    raw_app_meta_data  jsonb,                         -- {"provider","providers"}
    raw_user_meta_data jsonb,                         -- {"display_name"}
    banned_until       timestamptz,
    created_at         timestamptz,
    updated_at         timestamptz,
    deleted_at         timestamptz
);

-- Whose token the request carries.
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;

CREATE TABLE storage.buckets (
    id         text PRIMARY KEY,
    name       text NOT NULL UNIQUE,
    public     boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE storage.objects (
    id               uuid PRIMARY KEY,
    bucket_id        text NOT NULL REFERENCES storage.buckets (id),
    name             text NOT NULL,                   -- the path in the bucket
    owner_id         text,                            -- the `sub` of whoever stored it
    metadata         jsonb,                           -- {"size","mimetype"}
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    last_accessed_at timestamptz,
    UNIQUE (bucket_id, name)
);
CREATE INDEX objects_owner ON storage.objects (owner_id);

-- Nothing about anybody: the same for every account ------------------------------------------------

CREATE TABLE schema_migrations (
    version    text PRIMARY KEY,
    applied_at timestamptz NOT NULL
);

CREATE TABLE plans (
    id                text PRIMARY KEY,      -- free, plus, pro_unlimited, team
    name              text NOT NULL,
    unit_amount_minor bigint NOT NULL,
    currency          text NOT NULL,
    credits_per_session bigint,                      -- null: no limit
    stripe_price_id   text
);

CREATE TABLE frameworks (
    id      text PRIMARY KEY,
    name    text NOT NULL,
    edition text NOT NULL
);

CREATE TABLE framework_controls (
    framework_id text NOT NULL REFERENCES frameworks (id),
    reference    text NOT NULL,
    title        text NOT NULL,
    guidance     text NOT NULL,                       -- what the product adds to a prompt
    PRIMARY KEY (framework_id, reference)
);

CREATE TABLE system_prompts (
    name    text NOT NULL,
    version bigint NOT NULL,
    prompt  text NOT NULL,
    PRIMARY KEY (name, version)
);

-- The person ---------------------------------------------------------------------------------------

CREATE TABLE users (
    id                 uuid PRIMARY KEY REFERENCES auth.users (id),
    email              text NOT NULL,
    email_confirmed_at timestamptz,
    display_name       text,
    password_hash      text,                          -- argon2id; null: signs in with a provider only
    totp_secret        text,                          -- base32, of an authenticator app; null: none is set up
    auth_providers     jsonb NOT NULL,                 -- ["email","google","microsoft"]
    is_active          boolean NOT NULL DEFAULT true,
    terms_accepted_at  timestamptz,
    dpa_accepted_at    timestamptz,
    last_login_at      timestamptz,
    stripe_customer_id text,
    unsubscribe_token  text NOT NULL,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    deleted_at         timestamptz
);

CREATE UNIQUE INDEX users_email ON users (lower(email));

CREATE TABLE user_settings (
    user_id                    uuid PRIMARY KEY REFERENCES users (id),
    language                   text NOT NULL,
    time_zone                  text NOT NULL,
    default_persona            text NOT NULL,         -- default, implementer, auditor, consultant
    advanced_data_protection   boolean NOT NULL,
    retention_mode             text NOT NULL CHECK (retention_mode IN ('days', 'forever')),
    retention_days             bigint,
    memory_general_detection   boolean NOT NULL,
    memory_general_injection   boolean NOT NULL,
    memory_workspace_detection boolean NOT NULL,
    memory_workspace_injection boolean NOT NULL,
    product_email_opt_in       boolean NOT NULL,
    preferences                jsonb NOT NULL,         -- theme, editor, onboarding, experiments
    updated_at                 timestamptz NOT NULL
);

CREATE TABLE consents (
    user_id    uuid NOT NULL REFERENCES users (id),
    kind       text NOT NULL,                         -- terms, dpa, product_email, analytics
    version    text NOT NULL,
    granted    boolean NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, version)
);

CREATE TABLE usage_statistics (
    user_id             uuid PRIMARY KEY REFERENCES users (id),
    messages_sent       bigint NOT NULL,
    conversations       bigint NOT NULL,
    documents_generated bigint NOT NULL,
    counted_at          timestamptz NOT NULL
);

CREATE TABLE oauth_accounts (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id),
    provider         text NOT NULL,                   -- google, microsoft
    provider_user_id text NOT NULL,
    provider_email   text NOT NULL,
    access_token     text NOT NULL,
    refresh_token    text,
    id_token         text,
    token_expires_at timestamptz,
    connected_at     timestamptz NOT NULL,
    UNIQUE (provider, provider_user_id)
);
CREATE INDEX oauth_accounts_user ON oauth_accounts (user_id);

CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    user_id      uuid NOT NULL REFERENCES users (id),
    token_hash   text NOT NULL UNIQUE,
    csrf_secret  text NOT NULL,
    ip_address   text,
    user_agent   text,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE one_time_tokens (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    purpose    text NOT NULL,                         -- confirm_email, reset_password
    token_hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
CREATE INDEX one_time_tokens_user ON one_time_tokens (user_id);

CREATE TABLE sign_ins (
    id          bigint PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    happened_at bigint NOT NULL,                     -- seconds since 1970
    method      text NOT NULL,                        -- email, google, microsoft
    succeeded   boolean NOT NULL,
    ip_address  text NOT NULL,
    country     text,
    user_agent  text,
    risk_signals jsonb                                 -- what the abuse detection saw
);
CREATE INDEX sign_ins_user ON sign_ins (user_id, happened_at);

-- Organisations ------------------------------------------------------------------------------------

CREATE TABLE organizations (
    id                 uuid PRIMARY KEY,
    owner_user_id      uuid NOT NULL REFERENCES users (id),
    name               text NOT NULL,
    billing_email      text NOT NULL,
    country            text,
    vat_number         text,
    member_limit       bigint NOT NULL,
    stripe_customer_id text,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL
);
CREATE INDEX organizations_owner ON organizations (owner_user_id);

CREATE TABLE organization_members (
    organization_id uuid NOT NULL REFERENCES organizations (id),
    user_id         uuid NOT NULL REFERENCES users (id),
    role            text NOT NULL CHECK (role IN ('owner', 'member')),
    joined_at       timestamptz NOT NULL,
    removed_at      timestamptz,                             -- one organisation at a time; past ones stay
    PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_user ON organization_members (user_id);
CREATE UNIQUE INDEX organization_members_one ON organization_members (user_id) WHERE removed_at IS NULL;

CREATE TABLE invitations (
    id                  uuid PRIMARY KEY,
    organization_id     uuid NOT NULL REFERENCES organizations (id),
    invited_by_user_id  uuid NOT NULL REFERENCES users (id),
    email               text NOT NULL,
    role                text NOT NULL,
    status              text NOT NULL,                -- pending, accepted, expired, withdrawn
    token_hash          text NOT NULL UNIQUE,
    accepted_by_user_id uuid REFERENCES users (id),
    accepted_at         timestamptz,
    expires_at          timestamptz NOT NULL,
    created_at          timestamptz NOT NULL
);
CREATE INDEX invitations_organization ON invitations (organization_id);
CREATE INDEX invitations_invited_by ON invitations (invited_by_user_id);
CREATE INDEX invitations_accepted_by ON invitations (accepted_by_user_id);

-- Workspaces and conversations ---------------------------------------------------------------------

CREATE TABLE workspaces (
    id                   uuid PRIMARY KEY,
    owner_user_id        uuid NOT NULL REFERENCES users (id),
    organization_id      uuid REFERENCES organizations (id),  -- set: shared with that team
    name                 text NOT NULL,
    description          text,
    project_instructions text,
    default_persona      text NOT NULL,
    is_default           boolean NOT NULL,
    is_shared            boolean NOT NULL,
    created_at           timestamptz NOT NULL,
    updated_at           timestamptz NOT NULL,
    deleted_at           timestamptz,
    CHECK (is_shared = (organization_id IS NOT NULL))
);
CREATE INDEX workspaces_owner ON workspaces (owner_user_id);
CREATE INDEX workspaces_organization ON workspaces (organization_id) WHERE organization_id IS NOT NULL;

CREATE TABLE threads (
    id                 uuid PRIMARY KEY,
    user_id            uuid NOT NULL REFERENCES users (id),   -- who started it
    workspace_id       uuid REFERENCES workspaces (id),       -- null: outside workspaces
    title              text NOT NULL,
    persona            text NOT NULL,
    status             text NOT NULL,                         -- active, deleted
    current_message_id uuid,                                  -- end of the branch on show
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    last_message_at    timestamptz,
    expires_at         timestamptz,                                  -- from the retention setting
    deleted_at         timestamptz
);
CREATE INDEX threads_user ON threads (user_id);
CREATE INDEX threads_workspace ON threads (workspace_id);

-- Whoever writes in a thread stands here first; `messages` refers to it.
CREATE TABLE thread_participants (
    thread_id    uuid NOT NULL REFERENCES threads (id),
    user_id      uuid NOT NULL REFERENCES users (id),
    joined_at    timestamptz NOT NULL,
    last_read_at timestamptz,
    PRIMARY KEY (thread_id, user_id)
);
CREATE INDEX thread_participants_user ON thread_participants (user_id);

CREATE TABLE messages (
    id                       uuid PRIMARY KEY,
    thread_id                uuid NOT NULL REFERENCES threads (id),
    parent_id                uuid,                    -- the message before it; siblings are branches
    role                     text NOT NULL CHECK (role IN ('user', 'assistant', 'system')),
    author_user_id           uuid,                    -- who wrote it, or whom the assistant answered; null: a notice
    content                  text NOT NULL,           -- Markdown
    content_parts            jsonb,                    -- reasoning, tool calls
    file_ids                 jsonb NOT NULL DEFAULT '[]',
    generated_document_ids   jsonb NOT NULL DEFAULT '[]',
    sources                  jsonb,                    -- [{"title","reference"}]
    persona                  text,
    provider                 text,                    -- mistral, anthropic, openrouter
    model                    text,
    advanced_data_protection boolean NOT NULL,
    credits_used             double precision NOT NULL DEFAULT 0,
    moderation_outcome       text,                    -- passed, flagged
    moderated_at             timestamptz,
    moderation_detail        jsonb,                    -- categories; raw scores and policy of the provider
    provider_request_id      text,
    injected_context         text,                    -- the maker's prompt around the question
    created_at               timestamptz NOT NULL,
    deleted_at               timestamptz,
    FOREIGN KEY (thread_id, author_user_id) REFERENCES thread_participants (thread_id, user_id)
);
CREATE INDEX messages_thread ON messages (thread_id, created_at, id);
CREATE INDEX messages_author ON messages (author_user_id);

CREATE TABLE feedback (
    id         uuid PRIMARY KEY,
    user_id    uuid NOT NULL REFERENCES users (id),
    thread_id  uuid NOT NULL REFERENCES threads (id),
    message_id uuid NOT NULL REFERENCES messages (id),
    rating     text NOT NULL CHECK (rating IN ('up', 'down')),
    comment    text,
    created_at timestamptz NOT NULL
);
CREATE INDEX feedback_user ON feedback (user_id);
CREATE INDEX feedback_message ON feedback (message_id);

-- Kept for twelve months whatever the retention setting, so it does not refer to the message's row.
CREATE TABLE moderation_flags (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id),
    flagged_at     timestamptz NOT NULL,
    category       text NOT NULL,
    outcome        text NOT NULL,                     -- answered, refused
    raw_score      double precision NOT NULL,
    reviewed_by    text,
    reviewer_note  text,
    keep_until     timestamptz NOT NULL
);
CREATE INDEX moderation_flags_user ON moderation_flags (user_id);

CREATE TABLE retention_runs (
    id              uuid PRIMARY KEY,
    user_id         uuid NOT NULL REFERENCES users (id),
    ran_at          timestamptz NOT NULL,
    older_than      timestamptz NOT NULL,
    threads_deleted bigint NOT NULL,
    files_deleted   bigint NOT NULL
);
CREATE INDEX retention_runs_user ON retention_runs (user_id);

-- Files and documents ------------------------------------------------------------------------------

CREATE TABLE uploaded_files (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id),
    workspace_id   uuid REFERENCES workspaces (id),
    thread_id      uuid REFERENCES threads (id),
    message_id     uuid REFERENCES messages (id),
    name           text NOT NULL,
    extension      text NOT NULL,
    media_type     text NOT NULL,
    size_bytes     bigint NOT NULL,
    sha256         text NOT NULL,
    status         text NOT NULL,                     -- available
    extracted_text text,
    storage_key    text NOT NULL,
    scan           jsonb NOT NULL,                     -- verdict; engine and signature of the virus scan
    created_at     timestamptz NOT NULL,
    expires_at     timestamptz,
    deleted_at     timestamptz
);
CREATE INDEX uploaded_files_user ON uploaded_files (user_id);
CREATE INDEX uploaded_files_workspace ON uploaded_files (workspace_id);
CREATE INDEX uploaded_files_thread ON uploaded_files (thread_id);
CREATE INDEX uploaded_files_message ON uploaded_files (message_id);

CREATE TABLE generated_documents (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES users (id),
    workspace_id        uuid REFERENCES workspaces (id),
    thread_id           uuid REFERENCES threads (id),
    message_id          uuid REFERENCES messages (id),
    name                text NOT NULL,
    title               text NOT NULL,
    format              text NOT NULL,                -- md, docx, pdf, xlsx
    media_type          text NOT NULL,
    size_bytes          bigint NOT NULL,
    sha256              text NOT NULL,
    version             bigint NOT NULL,
    previous_version_id uuid REFERENCES generated_documents (id),
    content             text,                         -- the text of a Markdown document
    storage_key         text,                         -- the others' file
    generation_prompt   text,
    created_at          timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    deleted_at          timestamptz
);
CREATE INDEX generated_documents_user ON generated_documents (user_id);
CREATE INDEX generated_documents_workspace ON generated_documents (workspace_id);
CREATE INDEX generated_documents_thread ON generated_documents (thread_id);
CREATE INDEX generated_documents_message ON generated_documents (message_id);
CREATE INDEX generated_documents_previous ON generated_documents (previous_version_id);

-- Memories -----------------------------------------------------------------------------------------

CREATE TABLE workspace_memories (
    id                 uuid PRIMARY KEY,
    workspace_id       uuid NOT NULL REFERENCES workspaces (id),
    created_by_user_id uuid NOT NULL REFERENCES users (id),
    content            text NOT NULL,
    source             text NOT NULL CHECK (source IN ('manual', 'auto')),
    source_thread_id   uuid REFERENCES threads (id),
    embedding          bytea,
    created_at         timestamptz NOT NULL,
    updated_at         timestamptz NOT NULL,
    deleted_at         timestamptz
);
CREATE INDEX workspace_memories_workspace ON workspace_memories (workspace_id);
CREATE INDEX workspace_memories_created_by ON workspace_memories (created_by_user_id);

CREATE TABLE user_memories (
    id               uuid PRIMARY KEY,
    user_id          uuid NOT NULL REFERENCES users (id),
    content          text NOT NULL,
    source           text NOT NULL CHECK (source IN ('manual', 'auto')),
    source_thread_id uuid REFERENCES threads (id),
    embedding        bytea,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    deleted_at       timestamptz
);
CREATE INDEX user_memories_user ON user_memories (user_id);

-- Money --------------------------------------------------------------------------------------------

CREATE TABLE subscriptions (
    id                     uuid PRIMARY KEY,
    user_id                uuid REFERENCES users (id),          -- a personal plan
    organization_id        uuid REFERENCES organizations (id),  -- or a team's
    plan                   text NOT NULL REFERENCES plans (id),
    status                 text NOT NULL,             -- active, trialing, past_due, canceled
    billing_provider       text NOT NULL,
    billing_interval       text NOT NULL CHECK (billing_interval IN ('month', 'year')),
    unit_amount_minor      bigint NOT NULL,
    currency               text NOT NULL,
    price_locked           boolean NOT NULL,
    seats                  bigint NOT NULL,
    credits                jsonb,                      -- {"limit_per_session","window_hours"}
    current_period_start   timestamptz NOT NULL,
    current_period_end     timestamptz NOT NULL,
    cancel_at_period_end   boolean NOT NULL,
    canceled_at            timestamptz,
    stripe_subscription_id text NOT NULL UNIQUE,
    created_at             timestamptz NOT NULL,
    updated_at             timestamptz NOT NULL,
    CHECK ((user_id IS NULL) <> (organization_id IS NULL))
);
CREATE INDEX subscriptions_user ON subscriptions (user_id);
CREATE INDEX subscriptions_organization ON subscriptions (organization_id);

CREATE TABLE invoices (
    id                uuid PRIMARY KEY,
    subscription_id   uuid NOT NULL REFERENCES subscriptions (id),
    user_id           uuid NOT NULL REFERENCES users (id),      -- who pays: the person, or the team's owner
    number            text NOT NULL UNIQUE,
    issued_on         date NOT NULL,
    amount_minor      bigint NOT NULL,
    currency          text NOT NULL,
    status            text NOT NULL,                  -- paid, open
    stripe_invoice_id text NOT NULL,
    hosted_url        text NOT NULL,
    created_at        timestamptz NOT NULL
);
CREATE INDEX invoices_user ON invoices (user_id);
CREATE INDEX invoices_subscription ON invoices (subscription_id);

CREATE TABLE credit_sessions (
    id            uuid PRIMARY KEY,
    user_id       uuid NOT NULL REFERENCES users (id),
    plan          text NOT NULL,
    limit_credits bigint,
    used_credits  double precision NOT NULL,
    started_at    timestamptz NOT NULL,
    resets_at     timestamptz NOT NULL
);
CREATE INDEX credit_sessions_user ON credit_sessions (user_id);

CREATE TABLE stripe_events (
    id          uuid PRIMARY KEY,
    user_id     uuid NOT NULL REFERENCES users (id),
    type        text NOT NULL,
    payload     jsonb NOT NULL,
    received_at timestamptz NOT NULL
);
CREATE INDEX stripe_events_user ON stripe_events (user_id);

-- Around it ----------------------------------------------------------------------------------------

CREATE TABLE email_events (
    id                  uuid PRIMARY KEY,
    user_id             uuid NOT NULL REFERENCES users (id),
    happened_at         bigint NOT NULL,             -- seconds since 1970
    campaign            text NOT NULL,
    event               text NOT NULL,                -- delivered, opened, clicked, unsubscribed
    link                text,
    provider_message_id text NOT NULL
);
CREATE INDEX email_events_user ON email_events (user_id, happened_at);

CREATE TABLE slack_connections (
    id             uuid PRIMARY KEY,
    user_id        uuid NOT NULL REFERENCES users (id),
    slack_team     text NOT NULL,
    slack_user_id  text NOT NULL,
    channel        text,
    settings       jsonb NOT NULL,                     -- notifications; the signing secret of the app
    bot_token      text NOT NULL,
    connected_at   timestamptz NOT NULL,
    disconnected_at timestamptz
);
CREATE INDEX slack_connections_user ON slack_connections (user_id);

-- Who may read what ----------------------------------------------------------------------------------

-- Workspaces of one's own, and those that one's team shares; of a team that one left, those of that time.
CREATE FUNCTION private.own_workspaces() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$
    SELECT w.id FROM workspaces AS w WHERE w.owner_user_id = auth.uid()
    UNION
    SELECT w.id FROM organization_members AS m JOIN workspaces AS w ON w.organization_id = m.organization_id
    WHERE m.user_id = auth.uid() AND (m.removed_at IS NULL OR w.created_at < m.removed_at)
    $$;

CREATE FUNCTION private.own_teams() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT organization_id FROM organization_members WHERE user_id = auth.uid() AND removed_at IS NULL $$;

CREATE FUNCTION private.shared_workspaces() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT id FROM workspaces WHERE organization_id IN (SELECT private.own_teams()) $$;

-- Threads that one started or wrote in, and those in workspaces that one's team shares.
CREATE FUNCTION private.own_threads() RETURNS SETOF uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$
    SELECT id FROM threads WHERE user_id = auth.uid()
    UNION
    SELECT thread_id FROM thread_participants WHERE user_id = auth.uid()
    UNION
    SELECT id FROM threads WHERE workspace_id IN (SELECT private.shared_workspaces())
    $$;

GRANT USAGE ON SCHEMA auth, private, storage TO anon, authenticated, service_role;
GRANT SELECT ON ALL TABLES IN SCHEMA public, storage TO authenticated, service_role;

DO $$
DECLARE
    relation regclass;
BEGIN
    FOR relation IN
        SELECT c.oid FROM pg_class AS c
        WHERE c.relkind = 'r' AND c.relnamespace::regnamespace::text IN ('public', 'auth', 'storage')
    LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY[
        'user_settings', 'consents', 'usage_statistics', 'oauth_accounts', 'sessions', 'one_time_tokens', 'sign_ins',
        'feedback', 'moderation_flags', 'retention_runs', 'user_memories', 'invoices', 'credit_sessions',
        'stripe_events', 'email_events', 'slack_connections']::regclass[]
    LOOP
        EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO authenticated USING (user_id = (SELECT auth.uid()))', relation);
    END LOOP;
    FOREACH relation IN ARRAY ARRAY['plans', 'frameworks', 'framework_controls']::regclass[] LOOP
        EXECUTE format('CREATE POLICY everybody ON %s FOR SELECT TO authenticated USING (true)', relation);
    END LOOP;
END $$;

CREATE POLICY own ON auth.users FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY own ON storage.objects FOR SELECT TO authenticated USING (owner_id = (SELECT auth.uid())::text);
CREATE POLICY own ON users FOR SELECT TO authenticated USING (id = (SELECT auth.uid()));
CREATE POLICY own ON organizations FOR SELECT TO authenticated
    USING (owner_user_id = (SELECT auth.uid()) OR id IN (SELECT private.own_teams()));
CREATE POLICY own ON organization_members FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR organization_id IN (SELECT private.own_teams()));
CREATE POLICY own ON invitations FOR SELECT TO authenticated
    USING ((SELECT auth.uid()) IN (invited_by_user_id, accepted_by_user_id));
CREATE POLICY own ON workspaces FOR SELECT TO authenticated USING (id IN (SELECT private.own_workspaces()));
CREATE POLICY own ON threads FOR SELECT TO authenticated USING (id IN (SELECT private.own_threads()));
CREATE POLICY own ON thread_participants FOR SELECT TO authenticated USING (thread_id IN (SELECT private.own_threads()));
CREATE POLICY own ON messages FOR SELECT TO authenticated USING (thread_id IN (SELECT private.own_threads()));
CREATE POLICY own ON uploaded_files FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR workspace_id IN (SELECT private.shared_workspaces()));
CREATE POLICY own ON generated_documents FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR workspace_id IN (SELECT private.shared_workspaces()));
CREATE POLICY own ON workspace_memories FOR SELECT TO authenticated
    USING (workspace_id IN (SELECT private.own_workspaces()));
CREATE POLICY own ON subscriptions FOR SELECT TO authenticated
    USING (user_id = (SELECT auth.uid()) OR organization_id IN (SELECT private.own_teams()));
