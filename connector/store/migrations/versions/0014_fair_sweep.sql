-- The sweep asks each tenant for its longest due rows, lane by lane (connector/pipeline/lanes.py). Finished rows
-- are in none of these, so a look costs the same with a million of them. Building them reads the tables once;
-- a million runs take about a second, in which deliveries wait.
CREATE INDEX run_next ON run (tenant_id, due_at)
    WHERE state IN ('received', 'resolved', 'debtor_ready', 'rendered', 'documented');
CREATE INDEX run_next_write_back ON run (tenant_id, due_at) WHERE state = 'posted';
CREATE INDEX batch_next ON batch (tenant_id, due_at)
    WHERE state IN ('closed', 'debtors_submitting', 'debtors_submitted', 'submitting', 'submitted');
