"""What one tax case becomes in both formats and both charts, as text that a bookkeeper can compare."""

import csv
from collections.abc import Iterator
from datetime import UTC, date, datetime

from lxml import etree

from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.posting import Posting
from connector.datev.dxso import DxsoDocument, PackageHeader, render_package
from connector.datev.dxso.elements import LEDGER_NAMESPACE
from connector.datev.extf import BatchHeader, render_posting_batch
from tests.unit.accounting import samples
from tests.unit.accounting.tax_case import Case
from tests.unit.accounting.tax_case_table import postings_of

_CREATED_AT = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
_CHARTS = ("skr03", "skr04")


def golden_text(case: Case) -> str:
    """The case, then its rows chart by chart: EXTF as bytes and as columns that are filled, DXSO as XML."""
    lines = [f"{case}", ""]
    for chart in _CHARTS:
        (posting,) = postings_of(case, chart)
        lines += [f"--- {chart} EXTF", *_extf(posting, chart), f"--- {chart} DXSO", *_dxso(case, posting), ""]
    lines += ["--- why", *posting.why, ""]
    return "\n".join(lines)


def _extf(posting: Posting, chart: str) -> Iterator[str]:
    header = BatchHeader(
        consultant_number=455148,
        client_number=1,
        fiscal_year_start=date(2026, 1, 1),
        account_length=4,
        chart=chart,
        created_at=_CREATED_AT,
        date_from=date(2026, 11, 1),
        date_to=date(2026, 11, 30),
        label="Steuerfall",
    )
    _, names, row = render_posting_batch(header, [posting]).decode("cp1252").splitlines()
    yield row
    filled = zip(names.split(";"), next(csv.reader([row], delimiter=";")), strict=True)
    yield from (
        f"{number} {name} = {content}" for number, (name, content) in enumerate(filled, start=1) if content
    )


def _dxso(case: Case, posting: Posting) -> Iterator[str]:
    header = PackageHeader(
        month=date(2026, 11, 1),
        folder_name="Ausgangsrechnungen",
        sender="Muster GmbH",
        generating_system="ml-connector",
        created_at=_CREATED_AT,
        consultant_number=455148,
        client_number=1,
        own_vat_id="DE136695976",
    )
    document = DxsoDocument(
        guid=samples.GUID,
        number=posting.document_number,
        date=posting.document_date,
        debtor=build_debtor_record(case.party, posting.account),
        postings=(posting,),
    )
    (ledger,) = render_package(header, [document]).ledgers
    line = etree.fromstring(ledger.content).find(f".//{{{LEDGER_NAMESPACE}}}accountsReceivableLedger")
    assert line is not None
    yield from (f"<{etree.QName(child).localname}>{child.text}" for child in line)
