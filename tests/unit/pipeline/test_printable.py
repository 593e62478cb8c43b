"""Letters that our typeface lacks: they stop an invoice that we make, and no other."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from connector.pipeline.booking_tables import tenant_tables
from connector.pipeline.preview import decide
from connector.tenants.toml_file import read_tenant_file
from tests.unit.cli.deals import bundle, write_tenant

NOW = datetime(2027, 2, 4, 9, 30, tzinfo=UTC)
OWN_PDF = {"id": 1, "name": "Rechnung.pdf", "file_name": "Rechnung.pdf", "active_flag": True}


@pytest.mark.parametrize(
    ("files", "codes"),
    [
        ([OWN_PDF], []),
        ([], ["not_printable"]),
        (None, ["not_printable"]),
        ([{**OWN_PDF, "name": "Angebot.docx", "file_name": "Angebot.docx"}], ["not_printable"]),
    ],
    ids=["own PDF", "no file", "files not told", "another file"],
)
def test_a_preview_asks_for_printable_letters_where_the_deal_has_no_pdf(
    tmp_path: Path, files: Any, codes: list[str]
) -> None:
    config = read_tenant_file(Path(write_tenant(tmp_path)), {}, with_secrets=False).config
    content = bundle(title="Rakete 🚀")
    content["organization"]["name"] = "株式会社"
    if files is not None:
        content["files"] = files

    decided = decide(content, config, tenant_tables(config), created_at=NOW)

    assert codes == sorted({problem.code for problem in decided.reasons})
