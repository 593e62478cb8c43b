-- Evidence: a chain of hashes over the journal, a log of the partners' calls, and holds against deletion.

-- The seals. Journal rows are sealed shortly after their commit, in one chain per tenant: each hash covers the
-- one before, so that a row changed, deleted, inserted or moved later shows. No foreign key to the journal: the
-- seal of a row that somebody deletes has to stay behind and tell.
CREATE TABLE journal_seal (
    tenant_id   bigint NOT NULL REFERENCES tenant,
    seq         bigint NOT NULL CHECK (seq >= 1),  -- without gaps within the tenant
    journal_id  bigint NOT NULL UNIQUE,
    salt        bytea,                             -- of text_digest; NULL: the row's text was erased
    text_digest bytea NOT NULL CHECK (length(text_digest) = 32), -- over salt, message and details
    hash        bytea NOT NULL CHECK (length(hash) = 32),        -- over the hash before, the row, text_digest
    sealed_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);

-- Two ways past "append-only", each open in a transaction that says so, and no further than its purpose:
-- retention removes rows after the ten years of the law; erasure empties a text and cannot put another there.
CREATE FUNCTION refuse_change_of_journal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('mlc.retention', true) = 'on'
            AND OLD.at < now() - interval '10 years' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('mlc.erasure', true) = 'on' AND NEW.message = '' AND NEW.details = '{}'
            AND (NEW.id, NEW.tenant_id, NEW.run_id, NEW.batch_id, NEW.at, NEW.event, NEW.from_state, NEW.to_state,
                 NEW.actor)
            IS NOT DISTINCT FROM (OLD.id, OLD.tenant_id, OLD.run_id, OLD.batch_id, OLD.at, OLD.event,
                                  OLD.from_state, OLD.to_state, OLD.actor) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER journal_is_append_only ON journal;
CREATE TRIGGER journal_is_append_only BEFORE UPDATE OR DELETE ON journal
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_journal();
CREATE TRIGGER journal_is_never_emptied BEFORE TRUNCATE ON journal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- A seal may go once its row has gone; of one that stays only the salt may be dropped.
CREATE FUNCTION refuse_change_of_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_setting('mlc.retention', true) = 'on'
            AND NOT EXISTS (SELECT FROM journal WHERE id = OLD.journal_id) THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('mlc.erasure', true) = 'on' AND NEW.salt IS NULL
            AND (NEW.tenant_id, NEW.seq, NEW.journal_id, NEW.text_digest, NEW.hash, NEW.sealed_at)
            IS NOT DISTINCT FROM (OLD.tenant_id, OLD.seq, OLD.journal_id, OLD.text_digest, OLD.hash, OLD.sealed_at)
            THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER journal_seal_is_append_only BEFORE UPDATE OR DELETE ON journal_seal
    FOR EACH ROW EXECUTE FUNCTION refuse_change_of_seal();
CREATE TRIGGER journal_seal_is_never_emptied BEFORE TRUNCATE ON journal_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Every call to a partner, for its support and for ours. Deleted after MLC_KEEP_HTTP_LOG_DAYS.
-- No foreign keys to run and batch: a log must not stand in the way of what it tells about.
CREATE TABLE http_log (
    id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    tenant_id      bigint REFERENCES tenant,   -- NULL: a call for no tenant in particular
    run_id         bigint,
    batch_id       bigint,
    step           text NOT NULL DEFAULT '',
    partner        text NOT NULL,
    method         text NOT NULL,
    url            text NOT NULL,              -- redacted
    status         integer,                    -- NULL: no whole answer came
    failure        text NOT NULL DEFAULT '',   -- kind of the failure then
    request_ids    jsonb NOT NULL DEFAULT '{}',
    duration_ms    integer NOT NULL,
    sent_bytes     bigint NOT NULL,
    received_bytes bigint NOT NULL,
    error_body     bytea                       -- encrypted; of refusals only, redacted and cut
);
CREATE INDEX http_log_at ON http_log (at);
CREATE INDEX http_log_tenant ON http_log (tenant_id, id);
CREATE INDEX http_log_run ON http_log (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX http_log_batch ON http_log (batch_id) WHERE batch_id IS NOT NULL;

-- What must not be deleted although its time is up: an audit, a lawsuit. Journalled when placed and released.
CREATE TABLE legal_hold (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id   bigint NOT NULL REFERENCES tenant,
    run_id      bigint REFERENCES run,         -- NULL: everything of the tenant
    reason      text NOT NULL CHECK (reason <> ''),
    placed_at   timestamptz NOT NULL,
    placed_by   text NOT NULL,
    released_at timestamptz,
    released_by text,
    CHECK ((released_at IS NULL) = (released_by IS NULL))
);
CREATE UNIQUE INDEX one_hold_at_a_time ON legal_hold (tenant_id, coalesce(run_id, 0)) WHERE released_at IS NULL;
