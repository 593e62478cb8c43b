"""The pure bookkeeping domain: money, tax cases, accounts, debtors, invoices, postings, identities.

No I/O and no clock: everything that is decided here is a function of its arguments, so that
a booking can be explained and repeated years later.
"""
