"""The adviser's list of accounts, creditors beside debtors, and parties that went up in others."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0005_adviser_list"
down_revision = "0004_submission_client"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0005_adviser_list.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
