"""The first tables."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0001_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything that 0001_first_tables.sql describes."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only: going back would delete bookings' evidence."""
    raise NotImplementedError("restore a backup instead")
