"""The first tables."""

from pathlib import Path

from alembic import op

revision = "0001_first_tables"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create everything that 0001_first_tables.sql describes."""
    op.get_bind().exec_driver_sql(Path(__file__).with_suffix(".sql").read_text())


def downgrade() -> None:
    """Migrations go forward only: going back would delete bookings' evidence."""
    raise NotImplementedError("restore a backup instead")
