"""Running a migration's SQL file as it stands: no bound parameters, so ``%`` and ``:`` mean themselves."""

from contextlib import closing
from pathlib import Path

from alembic import op


def run_sql_beside(python_file: str) -> None:
    """Execute the ``.sql`` file of the same name, in the migration's transaction."""
    with closing(op.get_bind().connection.cursor()) as cursor:
        cursor.execute(Path(python_file).with_suffix(".sql").read_text("utf-8"))
