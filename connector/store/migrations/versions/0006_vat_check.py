"""What the registries said about VAT ids."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0006_vat_check"
down_revision = "0005_adviser_list"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0006_vat_check.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
