"""Debtors may be handed over again after they were taken."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0002_debtors_again"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0002_debtors_again.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
