"""The tables of evidence, as :mod:`connector.store.tables` has the pipeline's."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from connector.store.tables import metadata

journal_seal = Table(
    "journal_seal",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("journal_id", BigInteger, nullable=False),
    Column("salt", LargeBinary),
    Column("text_digest", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
)

http_log = Table(
    "http_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("tenant_id", BigInteger),
    Column("run_id", BigInteger),
    Column("batch_id", BigInteger),
    Column("step", Text, nullable=False),
    Column("partner", Text, nullable=False),
    Column("method", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("status", Integer),
    Column("failure", Text, nullable=False),
    Column("request_ids", JSONB, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("sent_bytes", BigInteger, nullable=False),
    Column("received_bytes", BigInteger, nullable=False),
    Column("error_body", LargeBinary),
)

legal_hold = Table(
    "legal_hold",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("run_id", BigInteger),
    Column("reason", Text, nullable=False),
    Column("placed_at", DateTime(timezone=True), nullable=False),
    Column("placed_by", Text, nullable=False),
    Column("released_at", DateTime(timezone=True)),
    Column("released_by", Text),
)
