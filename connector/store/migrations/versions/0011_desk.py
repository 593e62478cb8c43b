"""The desk: users, sessions, log-in attempts, indexes for its lists."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0011_desk"
down_revision = "0010_batch_size"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0011_desk.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
