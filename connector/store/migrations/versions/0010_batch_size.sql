-- How much has joined a batch. DATEV takes so many rows and bytes in one file; what a file cannot hold never
-- comes into its batch. A worker of the version before counts nothing: it closes each batch with its first run.
ALTER TABLE batch ADD COLUMN documents integer NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN rows integer NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN posting_bytes integer NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN debtor_bytes integer NOT NULL DEFAULT 0;
ALTER TABLE batch ADD CONSTRAINT batch_fits_into_a_file
    CHECK (rows <= 99999 AND posting_bytes <= 52428800 AND debtor_bytes <= 52428800);
