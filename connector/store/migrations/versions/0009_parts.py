"""Parts of a deal: instalments and periods, each with a run of its own."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0009_parts"
down_revision = "0008_refused_deliveries"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0009_parts.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
