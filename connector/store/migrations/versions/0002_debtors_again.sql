-- A debtor's record may change after DATEV has taken it, and again before the postings go: master data sent
-- once more are the same master data. Postings and ledgers stay as they were: once taken, never again.
DROP INDEX one_live_submission;
CREATE UNIQUE INDEX one_live_submission ON submission (batch_id, content)
    WHERE state IN ('intended', 'accepted') OR (state = 'succeeded' AND content <> 'debtors');
