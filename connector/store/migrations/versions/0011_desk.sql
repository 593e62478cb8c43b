-- The desk: who may use it, how they log in, and what a list of many runs needs to be quick.

CREATE TABLE desk_user (
    id                 bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login              text NOT NULL UNIQUE CHECK (login = lower(login) AND login <> ''),
    name               text NOT NULL,
    password_hash      text,                  -- argon2id; none until the person has chosen one
    password_set_at    timestamptz,
    installation_admin boolean NOT NULL DEFAULT false, -- admin of every tenant
    disabled_at        timestamptz,
    created_at         timestamptz NOT NULL,
    CHECK ((password_hash IS NULL) = (password_set_at IS NULL))
);

CREATE TABLE desk_role (
    user_id    bigint NOT NULL REFERENCES desk_user,
    tenant_id  bigint NOT NULL REFERENCES tenant,
    role       text NOT NULL CHECK (role IN ('viewer', 'bookkeeper', 'admin')),
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    PRIMARY KEY (user_id, tenant_id)
);

-- A browser that is logged in. Only the hash of what its cookie carries: who reads this cannot use it.
-- Ended ones are deleted by the next log-in.
CREATE TABLE desk_session (
    token_hash text PRIMARY KEY,
    user_id    bigint NOT NULL REFERENCES desk_user,
    language   text NOT NULL CHECK (language IN ('de', 'en')),
    created_at timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    expires_at timestamptz NOT NULL           -- whatever is done meanwhile
);
CREATE INDEX desk_session_user ON desk_session (user_id);

-- A one-time link with which a person chooses a password; using it deletes it.
CREATE TABLE desk_link (
    link_hash  text PRIMARY KEY,
    user_id    bigint NOT NULL UNIQUE REFERENCES desk_user, -- a newer link replaces the older
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);

-- Attempts to log in that have not succeeded, by account and by address, both hashed: people type passwords
-- into the wrong field. Rows of windows that are over are deleted by the next log-in.
CREATE TABLE desk_login_attempt (
    scope        text NOT NULL CHECK (scope IN ('account', 'address')),
    subject_hash text NOT NULL,
    attempts     integer NOT NULL CHECK (attempts >= 0),
    window_ends  timestamptz NOT NULL,
    PRIMARY KEY (scope, subject_hash)
);

-- Refused log-ins since ever, for monitoring.
CREATE TABLE desk_refused_login (
    reason  text PRIMARY KEY,
    logins  bigint NOT NULL CHECK (logins > 0),
    last_at timestamptz NOT NULL
);

-- Who got which right when, and from whom: evidence, kept as long as the journal.
CREATE TABLE desk_event (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id   bigint NOT NULL REFERENCES desk_user,
    tenant_id bigint REFERENCES tenant,
    at        timestamptz NOT NULL,
    event     text NOT NULL,
    actor     text NOT NULL,
    message   text NOT NULL DEFAULT ''
);
CREATE INDEX desk_event_user ON desk_event (user_id, id);
CREATE TRIGGER desk_event_is_append_only BEFORE UPDATE OR DELETE ON desk_event
    FOR EACH ROW EXECUTE FUNCTION refuse_change();

-- The list of a tenant's runs, newest first, whole or by state; what came in lately; what was posted lately.
CREATE INDEX run_of_tenant ON run (tenant_id, id);
CREATE INDEX run_of_tenant_by_state ON run (tenant_id, state, id);
CREATE INDEX run_of_tenant_by_age ON run (tenant_id, created_at);
CREATE INDEX submission_finished ON submission (finished_at) WHERE state = 'succeeded';
