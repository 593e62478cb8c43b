"""How many deliveries were refused, by tenant."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0008_refused_deliveries"
down_revision = "0007_ecb_rates"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0008_refused_deliveries.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
