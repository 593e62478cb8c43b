-- The DATEV client (<consultant>-<client>) a file was handed to: the tenant may be set up for another one before
-- DATEV has answered. NULL: written before this column; the tenant's present client is as good as known.
ALTER TABLE submission ADD COLUMN client_id text;
