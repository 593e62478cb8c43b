"""The tables as SQLAlchemy sees them.

Constraints, indexes and triggers stand in the migrations, which are the schema's one source; a test
compares the columns here with a migrated database.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()

tenant = Table(
    "tenant",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("go_live_at", DateTime(timezone=True), nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("parked_at", DateTime(timezone=True)),
    Column("parked_code", Text),
    Column("parked_message", Text),
    Column("parked_cure", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

tenant_config = Table(
    "tenant_config",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("document", JSONB, nullable=False),
    Column("source_text", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True), nullable=False),
    Column("applied_by", Text, nullable=False),
)

tenant_secret = Table(
    "tenant_secret",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
)

connection = Table(
    "connection",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("partner", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("state", Text, nullable=False),
    Column("state_message", Text, nullable=False),
    Column("access_token", LargeBinary, nullable=False),
    Column("refresh_token", LargeBinary, nullable=False),
    Column("access_expires_at", DateTime(timezone=True), nullable=False),
    Column("refresh_expires_at", DateTime(timezone=True)),
    Column("scope", Text, nullable=False),
    Column("api_domain", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("subject_name", Text, nullable=False),
    Column("connected_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("refresh_epoch", BigInteger, nullable=False),
    Column("refresh_started_at", DateTime(timezone=True)),
    Column("refresh_lease_until", DateTime(timezone=True)),
)

connect_ticket = Table(
    "connect_ticket",
    metadata,
    Column("ticket_hash", Text, primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("partner", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

login_attempt = Table(
    "login_attempt",
    metadata,
    Column("state_hash", Text, primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("partner", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("client_id", Text, nullable=False),
    Column("browser_hash", Text, nullable=False),
    Column("nonce", LargeBinary),
    Column("verifier", LargeBinary),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

field_definitions = Table(
    "field_definitions",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("entity", Text, primary_key=True),
    Column("definitions", JSONB, nullable=False),
    Column("read_at", DateTime(timezone=True), nullable=False),
)

debtor = Table(
    "debtor",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("account", Integer, nullable=False),
    Column("collective", Boolean, nullable=False),
    Column("party", Text, nullable=False),
    Column("record", JSONB, nullable=False),
    Column("record_hash", Text, nullable=False),
    Column("transferred_hash", Text),
    Column("transferred_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("origin", Text, nullable=False),
    Column("kind", Text, nullable=False),
)

adviser_account = Table(
    "adviser_account",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("account", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("name_key", Text, nullable=False),
    Column("vat_id", Text, nullable=False),
    Column("postal_code", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("clash", Text, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)

merged_party = Table(
    "merged_party",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("party", Text, primary_key=True),
    Column("into_party", Text, nullable=False),
    Column("merged_at", DateTime(timezone=True), nullable=False),
)

vat_check = Table(
    "vat_check",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("vat_id", Text, nullable=False),
    Column("checked_at", DateTime(timezone=True), nullable=False),
    Column("provider", Text, nullable=False),
    Column("valid", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("name_match", Text, nullable=False),
    Column("address_match", Text, nullable=False),
)

batch = Table(
    "batch",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("fiscal_year", Date, nullable=False),
    Column("month", Date, nullable=False),
    Column("format", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("resume_state", Text),
    Column("attempt", Integer, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("woken_at", DateTime(timezone=True)),
    Column("waiting_for", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason_message", Text, nullable=False),
    Column("reason_cure", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("documents", Integer, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("posting_bytes", Integer, nullable=False),
    Column("debtor_bytes", Integer, nullable=False),
)

run = Table(
    "run",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("deal_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("resume_state", Text),
    Column("config_version", Integer),
    Column("epoch", BigInteger, nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True)),
    Column("woken_at", DateTime(timezone=True)),
    Column("waiting_for", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("reason_code", Text, nullable=False),
    Column("reason_message", Text, nullable=False),
    Column("reason_cure", Text, nullable=False),
    Column("ignore_rule", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("bundle", JSONB),
    Column("invoice", JSONB),
    Column("content_hash", Text),
    Column("debtor_id", BigInteger),
    Column("batch_id", BigInteger),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    Column("part_key", Text, nullable=False),
    Column("part_date", Date),
    Column("despite_rule", Text, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("deal_id", BigInteger, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column("facts", JSONB, nullable=False),
    Column("run_id", BigInteger),
)

document = Table(
    "document",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("run_id", BigInteger, nullable=False),
    Column("guid", UUID(as_uuid=False), nullable=False),
    Column("document_number", Text, nullable=False),
    Column("document_date", Date, nullable=False),
    Column("origin", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("upload_begun_at", DateTime(timezone=True)),
    Column("uploaded_at", DateTime(timezone=True)),
)

posting = Table(
    "posting",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("document_id", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("reversal", Boolean, nullable=False),
    Column("key", UUID(as_uuid=False), nullable=False),
    Column("amount", Numeric(12, 2), nullable=False),
    Column("account", Integer, nullable=False),
    Column("contra_account", Integer, nullable=False),
    Column("row", JSONB, nullable=False),
)

submission = Table(
    "submission",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("batch_id", BigInteger, nullable=False),
    Column("content", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reference_id", Text, nullable=False),
    Column("file_name", Text, nullable=False),
    Column("file", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("doubt", Text, nullable=False),
    Column("lookups", Integer, nullable=False),
    Column("job_id", Text, nullable=False),
    Column("polls", Integer, nullable=False),
    Column("answer", JSONB),
    Column("intended_at", DateTime(timezone=True), nullable=False),
    Column("accepted_at", DateTime(timezone=True)),
    Column("finished_at", DateTime(timezone=True)),
    Column("client_id", Text),
)

submission_debtor = Table(
    "submission_debtor",
    metadata,
    Column("submission_id", BigInteger, primary_key=True),
    Column("debtor_id", BigInteger, primary_key=True),
    Column("record_hash", Text, nullable=False),
)

submission_file = Table(
    "submission_file",
    metadata,
    Column("submission_id", BigInteger, primary_key=True),
    Column("job_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("begun_at", DateTime(timezone=True), nullable=False),
    Column("sent_at", DateTime(timezone=True)),
)

number_sequence = Table(
    "number_sequence",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("next", BigInteger, nullable=False),
)

ecb_rate = Table(
    "ecb_rate",
    metadata,
    Column("currency", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("rate", Numeric, nullable=False),
    Column("imported_at", DateTime(timezone=True), nullable=False),
)

refused_delivery = Table(
    "refused_delivery",
    metadata,
    Column("tenant_key", Text, primary_key=True),
    Column("deliveries", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
)

webhook_subscription = Table(
    "webhook_subscription",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("hook_id", BigInteger, primary_key=True),
    Column("url", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

tenant_watch = Table(
    "tenant_watch",
    metadata,
    Column("tenant_id", BigInteger, primary_key=True),
    Column("watch", Text, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("lease_until", DateTime(timezone=True)),
    Column("due_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("watermark", DateTime(timezone=True)),
    Column("since", DateTime(timezone=True)),
    Column("cursor", Text, nullable=False),
    Column("found", BigInteger, nullable=False),
    Column("found_at", DateTime(timezone=True)),
    Column("in_a_row", Integer, nullable=False),
    Column("problem_code", Text, nullable=False),
    Column("problem_message", Text, nullable=False),
    Column("problem_cure", Text, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("tenant_id", BigInteger, nullable=False),
    Column("run_id", BigInteger),
    Column("batch_id", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("details", JSONB, nullable=False),
)
