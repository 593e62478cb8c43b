-- What the registries (VIES, BZSt) said about VAT ids. Evidence: rows are only added, never changed.
CREATE TABLE vat_check (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id     bigint NOT NULL REFERENCES tenant,
    vat_id        text NOT NULL,
    checked_at    timestamptz NOT NULL,
    provider      text NOT NULL CHECK (provider IN ('vies', 'bzst')),
    valid         boolean NOT NULL,
    status        text NOT NULL,  -- the registry's own code
    reference     text NOT NULL,  -- consultation number or id of the request; empty: none was given
    name_match    text NOT NULL CHECK (name_match IN ('', 'yes', 'no')),
    address_match text NOT NULL CHECK (address_match IN ('', 'yes', 'no'))
);
CREATE INDEX vat_check_newest ON vat_check (tenant_id, vat_id, provider, checked_at);
