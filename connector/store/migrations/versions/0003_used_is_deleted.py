"""Tickets and login attempts have no column for their use."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0003_used_is_deleted"
down_revision = "0002_debtors_again"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0003_used_is_deleted.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
