-- Reference rates of the European Central Bank: units of a currency for 1 EUR. The same for all tenants.
CREATE TABLE ecb_rate (
    currency    text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    day         date NOT NULL,
    rate        numeric NOT NULL CHECK (rate > 0),
    imported_at timestamptz NOT NULL,
    PRIMARY KEY (currency, day)
);
CREATE INDEX ecb_rate_day ON ecb_rate (day);
