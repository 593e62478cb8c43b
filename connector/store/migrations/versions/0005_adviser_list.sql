-- The adviser's personal accounts as they were last imported. What stands here is never given out by us.
CREATE TABLE adviser_account (
    tenant_id   bigint NOT NULL REFERENCES tenant,
    account     integer NOT NULL CHECK (account BETWEEN 10000 AND 999999999),
    name        text NOT NULL,
    name_key    text NOT NULL,             -- as it is compared
    vat_id      text NOT NULL,             -- with prefix; empty: none
    postal_code text NOT NULL,
    city        text NOT NULL,
    country     text NOT NULL,
    clash       text NOT NULL DEFAULT '',  -- the party of ours that has the account although it is another's
    imported_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, account)
);
CREATE INDEX adviser_account_vat_id ON adviser_account (tenant_id, vat_id) WHERE vat_id <> '';
CREATE INDEX adviser_account_name ON adviser_account (tenant_id, name_key) WHERE name_key <> '';

-- Where an account comes from; rows from before this migration do not say.
ALTER TABLE debtor ADD COLUMN origin text NOT NULL DEFAULT ''
    CHECK (origin IN ('', 'field', 'next_free', 'collective', 'list'));

-- A customer that is a supplier, too, has a creditor account besides.
ALTER TABLE debtor ADD COLUMN kind text NOT NULL DEFAULT 'debtor' CHECK (kind IN ('debtor', 'creditor'));
ALTER TABLE debtor DROP CONSTRAINT debtor_account_check;
ALTER TABLE debtor ADD CONSTRAINT debtor_account_check CHECK (account BETWEEN 10000 AND 999999999);
ALTER TABLE debtor DROP CONSTRAINT debtor_tenant_id_party_key;
ALTER TABLE debtor ADD CONSTRAINT debtor_tenant_id_party_kind_key UNIQUE (tenant_id, party, kind);

-- Organizations and persons that were merged in Pipedrive: whose account holds for them now.
CREATE TABLE merged_party (
    tenant_id bigint NOT NULL REFERENCES tenant,
    party     text NOT NULL,
    into_party text NOT NULL CHECK (into_party <> party),
    merged_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, party)
);
