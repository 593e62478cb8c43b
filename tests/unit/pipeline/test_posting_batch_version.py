"""The version of the posting batch goes from the tenant's file into header and columns."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from connector.datev.extf import read_file
from connector.pipeline.hand_over.files import postings_file
from tests.integration.webapp.world import tenant_config
from tests.unit.datev.samples import POSTING


@pytest.mark.parametrize(("version", "columns"), [(12, 124), (13, 125)])
def test_a_batch_is_written_in_the_version_of_the_tenant(version: int, columns: int) -> None:
    config = tenant_config()
    datev = replace(config.datev, posting_batch_version=version)

    data = postings_file(
        replace(config, datev=datev),
        fiscal_year=date(2026, 1, 1),
        month=date(2026, 11, 1),
        created_at=datetime(2026, 11, 5, tzinfo=UTC),
        postings=[POSTING],
    )

    file = read_file(data)
    assert (str(version), columns) == (file.version, len(file.rows[0]))
