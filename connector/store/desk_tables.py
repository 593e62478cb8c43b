"""The desk's tables, as :mod:`connector.store.tables` has the pipeline's."""

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Integer, Table, Text

from connector.store.tables import metadata

desk_user = Table(
    "desk_user",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("login", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("password_hash", Text),
    Column("password_set_at", DateTime(timezone=True)),
    Column("installation_admin", Boolean, nullable=False),
    Column("disabled_at", DateTime(timezone=True)),
    Column("created_at", DateTime(timezone=True), nullable=False),
)

desk_role = Table(
    "desk_role",
    metadata,
    Column("user_id", BigInteger, primary_key=True),
    Column("tenant_id", BigInteger, primary_key=True),
    Column("role", Text, nullable=False),
    Column("granted_at", DateTime(timezone=True), nullable=False),
    Column("granted_by", Text, nullable=False),
)

desk_session = Table(
    "desk_session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("language", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("seen_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

desk_link = Table(
    "desk_link",
    metadata,
    Column("link_hash", Text, primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
)

desk_login_attempt = Table(
    "desk_login_attempt",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("subject_hash", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("window_ends", DateTime(timezone=True), nullable=False),
)

desk_refused_login = Table(
    "desk_refused_login",
    metadata,
    Column("reason", Text, primary_key=True),
    Column("logins", BigInteger, nullable=False),
    Column("last_at", DateTime(timezone=True), nullable=False),
)

desk_event = Table(
    "desk_event",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("user_id", BigInteger, nullable=False),
    Column("tenant_id", BigInteger),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("message", Text, nullable=False),
)
