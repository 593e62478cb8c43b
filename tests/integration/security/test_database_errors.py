"""An error of the database carries values; the log leaves them out."""

import io
import logging

import pytest
import sqlalchemy as sa
import structlog

from connector import log
from connector.pipeline.services import Services


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the log holds."""
    stream = io.StringIO()
    root = logging.getLogger()
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(root, "handlers", [])
    monkeypatch.setattr(root, "level", root.level)
    log.configure()
    return stream


def test_an_error_of_a_statement_is_logged_without_its_values(
    services: Services, written: io.StringIO
) -> None:
    name = "Erika " + "Muster"
    with pytest.raises(sa.exc.DataError) as raised, services.database.transaction() as tx:
        tx.execute(sa.text("SELECT CAST(:name AS integer)"), {"name": name})
    assert name in str(raised.value), "PostgreSQL quotes it"
    assert "[parameters:" not in str(raised.value), "SQLAlchemy does not"
    log.get_logger("x").error("step_crashed", exc_info=raised.value)
    structlog.reset_defaults()
    assert "sqlalchemy.exc.DataError" in written.getvalue()
    assert name not in written.getvalue()
