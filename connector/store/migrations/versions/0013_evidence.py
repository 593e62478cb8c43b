"""Evidence: sealed journal, log of the partners' calls, legal holds."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0013_evidence"
down_revision = "0012_watches"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything that 0013_evidence.sql describes."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only: going back would delete bookings' evidence."""
    raise NotImplementedError("restore a backup instead")
