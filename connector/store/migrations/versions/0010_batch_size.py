"""How much has joined a batch."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0010_batch_size"
down_revision = "0009_parts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0010_batch_size.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
