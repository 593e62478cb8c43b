"""A submission knows the DATEV client it went to."""

from connector.store.migrations.sql_files import run_sql_beside

revision = "0004_submission_client"
down_revision = "0003_used_is_deleted"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Run 0004_submission_client.sql."""
    run_sql_beside(__file__)


def downgrade() -> None:
    """Migrations go forward only."""
    raise NotImplementedError("restore a backup instead")
