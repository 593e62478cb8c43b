-- Deliveries to the receiver that did not prove where they come from.
CREATE TABLE refused_delivery (
    tenant_key text PRIMARY KEY,           -- empty: to a tenant that does not exist
    deliveries bigint NOT NULL CHECK (deliveries > 0),
    last_at    timestamptz NOT NULL
);
