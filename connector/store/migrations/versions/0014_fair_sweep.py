"""The longest due row of each tenant is found by one look."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0014_fair_sweep"
down_revision = "0013_evidence"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0014_fair_sweep.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
