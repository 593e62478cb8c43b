-- What is looked after at regular intervals for each tenant. One row each; it goes with its tenant.
CREATE TABLE tenant_watch (
    tenant_id       bigint NOT NULL REFERENCES tenant,
    watch           text NOT NULL CHECK (watch IN ('deals', 'archived', 'hooks')),
    epoch           bigint NOT NULL DEFAULT 0,
    lease_until     timestamptz,
    due_at          timestamptz NOT NULL,
    finished_at     timestamptz,             -- the last time that it was looked at whole
    watermark       timestamptz,             -- lists: every change before it is stored; Pipedrive's clock
    since           timestamptz,             -- lists: where the reading under way began
    cursor          text NOT NULL DEFAULT '', -- lists: the next page of it; empty: none is under way
    found           bigint NOT NULL DEFAULT 0, -- lists: changes that no webhook told; hooks: made anew
    found_at        timestamptz,
    in_a_row        integer NOT NULL DEFAULT 0, -- hooks: made anew without a quiet day in between
    problem_code    text NOT NULL DEFAULT '',
    problem_message text NOT NULL DEFAULT '',
    problem_cure    text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, watch)
);

-- The rule that a person has set aside for this run, by name; empty: every rule holds.
ALTER TABLE run ADD COLUMN despite_rule text NOT NULL DEFAULT '';

-- What was told of a deal is asked for whole pages of Pipedrive's list. A million rows take a few seconds, in
-- which deliveries wait.
CREATE INDEX inbox_deal ON inbox (tenant_id, deal_id);
