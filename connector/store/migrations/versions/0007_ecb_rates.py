"""The euro reference rates of the European Central Bank."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0007_ecb_rates"
down_revision = "0006_vat_check"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0007_ecb_rates.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
