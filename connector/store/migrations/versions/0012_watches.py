"""What is looked after at regular intervals: Pipedrive's lists of deals, and our hooks there."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0012_watches"
down_revision = "0011_desk"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0012_watches.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
