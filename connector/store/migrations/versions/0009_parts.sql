-- What a run carries of a deal that is invoiced in parts, and the date of that invoice.
ALTER TABLE run ADD COLUMN part_key text NOT NULL DEFAULT '';  -- installment:41, recurring:2026-12-01, one-time
ALTER TABLE run ADD COLUMN part_date date;
ALTER TABLE run ADD CONSTRAINT run_part_is_named CHECK ((part_key = '') = (part = 0));
ALTER TABLE run ADD CONSTRAINT run_part_is_dated CHECK ((part_key = '') = (part_date IS NULL));

-- Never two runs for one instalment or one period.
CREATE UNIQUE INDEX one_run_per_part ON run (tenant_id, deal_id, kind, revision, part_key) WHERE part_key <> '';
