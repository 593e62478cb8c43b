-- The queue of record. Promises stand here as constraints; the code only keeps them.

CREATE TABLE tenant (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key            text NOT NULL UNIQUE CHECK (key ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
    name           text NOT NULL,
    go_live_at     timestamptz NOT NULL,
    config_version integer NOT NULL CHECK (config_version >= 1),
    parked_at      timestamptz,           -- set: no step of this tenant runs until someone acts
    parked_code    text,
    parked_message text,
    parked_cure    text,
    created_at     timestamptz NOT NULL,
    CHECK ((parked_at IS NULL) = (parked_message IS NULL))
);

-- Append-only: which configuration a booking was made with is evidence (GoBD, 10 years).
CREATE TABLE tenant_config (
    tenant_id   bigint NOT NULL REFERENCES tenant,
    version     integer NOT NULL CHECK (version >= 1),
    document    jsonb NOT NULL,
    source_text text NOT NULL,
    applied_at  timestamptz NOT NULL,
    applied_by  text NOT NULL,
    PRIMARY KEY (tenant_id, version)
);

CREATE TABLE tenant_secret (
    tenant_id  bigint NOT NULL REFERENCES tenant,
    name       text NOT NULL,
    ciphertext bytea NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, name)
);

-- A login to a partner. DATEV's short session and the kept long login are two kinds.
CREATE TABLE connection (
    tenant_id           bigint NOT NULL REFERENCES tenant,
    partner             text NOT NULL CHECK (partner IN ('pipedrive', 'datev')),
    kind                text NOT NULL CHECK (kind IN ('session', 'long')),
    state               text NOT NULL CHECK (state IN ('connected', 'reconnect_needed')),
    state_message       text NOT NULL DEFAULT '',
    access_token        bytea NOT NULL,   -- encrypted
    refresh_token       bytea NOT NULL,   -- encrypted
    access_expires_at   timestamptz NOT NULL,
    refresh_expires_at  timestamptz,      -- the end of the login, as far as the partner tells it
    scope               text NOT NULL DEFAULT '',
    api_domain          text NOT NULL DEFAULT '',
    client_id           text NOT NULL DEFAULT '',  -- DATEV client the login is bound to
    subject_name        text NOT NULL DEFAULT '',  -- who logged in
    connected_at        timestamptz NOT NULL,
    updated_at          timestamptz NOT NULL,
    refresh_epoch       bigint NOT NULL DEFAULT 0, -- raised by each refresh claim
    refresh_started_at  timestamptz,
    refresh_lease_until timestamptz,
    PRIMARY KEY (tenant_id, partner, kind)
);

-- A one-time permission to connect a tenant, issued by the CLI and used by one browser.
CREATE TABLE connect_ticket (
    ticket_hash text PRIMARY KEY,
    tenant_id   bigint NOT NULL REFERENCES tenant,
    partner     text NOT NULL CHECK (partner IN ('pipedrive', 'datev')),
    client_id   text NOT NULL DEFAULT '',  -- set: skip the short session, go straight for this client
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);

-- One authorisation request under way: what has to come back unchanged.
CREATE TABLE login_attempt (
    state_hash   text PRIMARY KEY,
    tenant_id    bigint NOT NULL REFERENCES tenant,
    partner      text NOT NULL CHECK (partner IN ('pipedrive', 'datev')),
    purpose      text NOT NULL CHECK (purpose IN ('session', 'long')),
    client_id    text NOT NULL DEFAULT '',
    browser_hash text NOT NULL,            -- the browser that began must be the one that ends
    nonce        bytea,                    -- encrypted
    verifier     bytea,                    -- encrypted
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    used_at      timestamptz
);

CREATE TABLE field_definitions (
    tenant_id   bigint NOT NULL REFERENCES tenant,
    entity      text NOT NULL CHECK (entity IN ('deal', 'organization', 'person', 'product')),
    definitions jsonb NOT NULL,
    read_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, entity)
);

CREATE TABLE debtor (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id        bigint NOT NULL REFERENCES tenant,
    account          integer NOT NULL CHECK (account BETWEEN 10000 AND 699999999),
    collective       boolean NOT NULL DEFAULT false,
    party            text NOT NULL,        -- organization:17, person:4
    record           jsonb NOT NULL,       -- master data as it should stand in DATEV
    record_hash      text NOT NULL,
    transferred_hash text,                 -- what DATEV was last given; differs: send again
    transferred_at   timestamptz,
    created_at       timestamptz NOT NULL,
    updated_at       timestamptz NOT NULL,
    UNIQUE (tenant_id, party)
);
CREATE UNIQUE INDEX debtor_account_is_one_partys ON debtor (tenant_id, account) WHERE NOT collective;

CREATE TABLE batch (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      bigint NOT NULL REFERENCES tenant,
    fiscal_year    date NOT NULL,          -- its first day
    month          date NOT NULL CHECK (extract(day FROM month) = 1),
    format         text NOT NULL CHECK (format IN ('extf', 'dxso')),
    state          text NOT NULL CHECK (state IN ('open', 'closed', 'debtors_submitting', 'debtors_submitted',
                                                  'submitting', 'submitted', 'posted', 'needs_attention')),
    resume_state   text,                   -- where it goes on after needs_attention
    attempt        integer NOT NULL DEFAULT 1 CHECK (attempt >= 1),
    epoch          bigint NOT NULL DEFAULT 0,
    lease_until    timestamptz,
    due_at         timestamptz,
    woken_at       timestamptz,
    waiting_for    text NOT NULL DEFAULT '',
    attempts       integer NOT NULL DEFAULT 0,
    reason_code    text NOT NULL DEFAULT '',
    reason_message text NOT NULL DEFAULT '',
    reason_cure    text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    CHECK (state <> 'needs_attention' OR reason_message <> '')
);
CREATE UNIQUE INDEX one_open_batch ON batch (tenant_id, fiscal_year, month) WHERE state = 'open';
CREATE INDEX batch_due ON batch (due_at)
    WHERE state IN ('closed', 'debtors_submitting', 'debtors_submitted', 'submitting', 'submitted');

CREATE TABLE run (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id      bigint NOT NULL REFERENCES tenant,
    deal_id        bigint NOT NULL,
    kind           text NOT NULL CHECK (kind IN ('invoice', 'correction')),
    revision       integer NOT NULL DEFAULT 0 CHECK (revision >= 0),
    part           integer NOT NULL DEFAULT 0 CHECK (part >= 0),
    state          text NOT NULL CHECK (state IN ('received', 'resolved', 'debtor_ready', 'rendered',
                                                  'awaiting_release', 'documented', 'batched', 'posted', 'done',
                                                  'needs_attention', 'ignored', 'cancelled')),
    resume_state   text,                   -- where it goes on after needs_attention
    config_version integer,                -- the configuration its document was decided with
    epoch          bigint NOT NULL DEFAULT 0,
    lease_until    timestamptz,
    due_at         timestamptz,
    woken_at       timestamptz,
    waiting_for    text NOT NULL DEFAULT '',
    attempts       integer NOT NULL DEFAULT 0,
    reason_code    text NOT NULL DEFAULT '',
    reason_message text NOT NULL DEFAULT '',
    reason_cure    text NOT NULL DEFAULT '',
    ignore_rule    text NOT NULL DEFAULT '',
    title          text NOT NULL DEFAULT '',
    bundle         jsonb,                  -- the deal as it was read
    invoice        jsonb,                  -- the invoice as it was decided
    content_hash   text,
    debtor_id      bigint REFERENCES debtor,
    batch_id       bigint REFERENCES batch,
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    UNIQUE (tenant_id, deal_id, kind, revision, part),
    CHECK (state <> 'needs_attention' OR reason_message <> ''),
    CHECK (state <> 'ignored' OR ignore_rule <> ''),
    CHECK (state NOT IN ('batched', 'posted', 'done') OR batch_id IS NOT NULL)
);
CREATE INDEX run_due ON run (due_at)
    WHERE state IN ('received', 'resolved', 'debtor_ready', 'rendered', 'documented', 'posted');
CREATE INDEX run_batch ON run (batch_id);
CREATE INDEX run_state ON run (tenant_id, state);

CREATE TABLE inbox (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   bigint NOT NULL REFERENCES tenant,
    source      text NOT NULL CHECK (source IN ('webhook', 'sweep', 'backfill')),
    event_id    text NOT NULL,
    deal_id     bigint NOT NULL,
    received_at timestamptz NOT NULL,
    facts       jsonb NOT NULL,            -- the trigger only; the deal itself is read again
    run_id      bigint REFERENCES run,
    UNIQUE (tenant_id, source, event_id)
);

CREATE TABLE document (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id       bigint NOT NULL REFERENCES tenant,
    run_id          bigint NOT NULL UNIQUE REFERENCES run,
    guid            uuid NOT NULL UNIQUE,
    document_number text NOT NULL,
    document_date   date NOT NULL,
    origin          text NOT NULL CHECK (origin IN ('pipedrive', 'made')),
    file_name       text NOT NULL,
    content         bytea NOT NULL,
    sha256          text NOT NULL,
    created_at      timestamptz NOT NULL,
    upload_begun_at timestamptz,           -- intent: from here on "already there" may be our own doing
    uploaded_at     timestamptz,
    UNIQUE (tenant_id, document_number)
);

CREATE TABLE posting (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    document_id    bigint NOT NULL REFERENCES document ON DELETE CASCADE,
    line           integer NOT NULL CHECK (line >= 1),
    reversal       boolean NOT NULL DEFAULT false,
    key            uuid NOT NULL UNIQUE,
    amount         numeric(12, 2) NOT NULL CHECK (amount > 0),
    account        integer NOT NULL,
    contra_account integer NOT NULL,
    row            jsonb NOT NULL,
    UNIQUE (document_id, line, reversal)
);

-- The intent to hand a file over, committed before the hand-over.
CREATE TABLE submission (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    batch_id     bigint NOT NULL REFERENCES batch,
    content      text NOT NULL CHECK (content IN ('debtors', 'postings', 'ledger')),
    attempt      integer NOT NULL CHECK (attempt >= 1),
    reference_id text NOT NULL UNIQUE,
    file_name    text NOT NULL,
    file         bytea NOT NULL,
    sha256       text NOT NULL,
    state        text NOT NULL CHECK (state IN ('intended', 'accepted', 'succeeded', 'failed', 'abandoned')),
    doubt        text NOT NULL DEFAULT '', -- why it is unknown whether DATEV took it
    lookups      integer NOT NULL DEFAULT 0,
    job_id       text NOT NULL DEFAULT '',
    polls        integer NOT NULL DEFAULT 0,
    answer       jsonb,                    -- DATEV's own words, request id, help link
    intended_at  timestamptz NOT NULL,
    accepted_at  timestamptz,
    finished_at  timestamptz,
    UNIQUE (batch_id, content, attempt)
);

-- Another attempt only once the one before has failed or been given up.
CREATE UNIQUE INDEX one_live_submission ON submission (batch_id, content)
    WHERE state IN ('intended', 'accepted', 'succeeded');

CREATE TABLE submission_debtor (
    submission_id bigint NOT NULL REFERENCES submission,
    debtor_id     bigint NOT NULL REFERENCES debtor,
    record_hash   text NOT NULL,
    PRIMARY KEY (submission_id, debtor_id)
);

-- Files of a DXSO job, each named before it is sent.
CREATE TABLE submission_file (
    submission_id bigint NOT NULL REFERENCES submission,
    job_id        text NOT NULL,
    name          text NOT NULL,
    sha256        text NOT NULL,
    begun_at      timestamptz NOT NULL,
    sent_at       timestamptz,
    PRIMARY KEY (submission_id, job_id, name)
);

CREATE TABLE number_sequence (
    tenant_id bigint NOT NULL REFERENCES tenant,
    name      text NOT NULL,
    next      bigint NOT NULL CHECK (next >= 1),
    PRIMARY KEY (tenant_id, name)
);

CREATE TABLE webhook_subscription (
    tenant_id  bigint NOT NULL REFERENCES tenant,
    hook_id    bigint NOT NULL,
    url        text NOT NULL,
    event      text NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, hook_id)
);

CREATE TABLE journal (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id  bigint NOT NULL REFERENCES tenant,
    run_id     bigint REFERENCES run,
    batch_id   bigint REFERENCES batch,
    at         timestamptz NOT NULL,
    event      text NOT NULL,
    from_state text NOT NULL DEFAULT '',
    to_state   text NOT NULL DEFAULT '',
    actor      text NOT NULL,              -- step name, or the person who acted
    message    text NOT NULL DEFAULT '',
    details    jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX journal_run ON journal (run_id, id);
CREATE INDEX journal_batch ON journal (batch_id, id);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER tenant_config_is_append_only BEFORE UPDATE OR DELETE ON tenant_config
    FOR EACH ROW EXECUTE FUNCTION refuse_change();
