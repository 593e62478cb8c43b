"""What is handed over, rendered: EXTF files and DXSO packages from a tenant's configuration (no I/O)."""

import calendar
import io
import zipfile
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from pathlib import Path

from connector.accounting.debtor import DebtorRecord
from connector.accounting.fiscal_year import fiscal_year_end, fiscal_year_start, month_of
from connector.accounting.invoice import Invoice
from connector.accounting.posting import Posting
from connector.datev.dxso.package import DxsoDocument, DxsoFile, DxsoPackage, PackageHeader
from connector.datev.dxso.render import render_package
from connector.datev.dxso.schemas import check_against_schemas
from connector.datev.extf.debtors import render_debtors
from connector.datev.extf.header import BatchHeader
from connector.datev.extf.postings import render_posting_batch
from connector.errors import DataError
from connector.tenants.config import DatevFormat, TenantConfig

USUAL_FOLDER = "Ausgangsrechnungen"
"""Ledger folder until DATEV's answer to the new job names the client's own."""

GENERATING_SYSTEM = "ml-connector"

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date a ZIP can hold: the same package gives the same bytes."""


def extf_header(
    config: TenantConfig, *, fiscal_year: date, month: date | None, created_at: datetime
) -> BatchHeader:
    """The header of an EXTF file; ``month`` (its first day) for posting batches only."""
    datev = config.datev
    return BatchHeader(
        consultant_number=datev.consultant_number,
        client_number=datev.client_number,
        fiscal_year_start=fiscal_year,
        account_length=config.terms.account_length,
        chart=config.terms.chart,
        created_at=created_at,
        date_from=max(month, fiscal_year) if month else None,
        date_to=_last_day(config, fiscal_year, month) if month else None,
        label=datev.posting_batch_label if month else "",
        origin=datev.origin,
        dictation_mark=datev.dictation_mark if month else "",
        finalise=datev.finalise if month else False,
        posting_batch_version=datev.posting_batch_version,
    )


def postings_file(
    config: TenantConfig, *, fiscal_year: date, month: date, created_at: datetime, postings: Iterable[Posting]
) -> bytes:
    """A posting batch. Each posting is forgotten as soon as its row is written.

    :raises DataError: with every problem of every row.
    """
    header = extf_header(config, fiscal_year=fiscal_year, month=month, created_at=created_at)
    return render_posting_batch(header, postings)


def debtors_file(
    config: TenantConfig, *, fiscal_year: date, created_at: datetime, records: Sequence[DebtorRecord]
) -> bytes:
    """Master data of debtors.

    :raises DataError: with every problem of every record.
    """
    return render_debtors(
        extf_header(config, fiscal_year=fiscal_year, month=None, created_at=created_at), records
    )


def ledger_package(
    config: TenantConfig,
    *,
    month: date,
    folder_name: str,
    created_at: datetime,
    documents: Sequence[DxsoDocument],
    xsd_dir: Path | None,
) -> DxsoPackage:
    """A DXSO package, checked by our own rules, and by DATEV's schemas where they are at hand.

    :raises DataError: with every problem of every document.
    """
    package = render_package(
        PackageHeader(
            month=month,
            folder_name=folder_name,
            sender=config.seller.name[:40],
            generating_system=GENERATING_SYSTEM,
            created_at=created_at,
            consultant_number=config.datev.consultant_number,
            client_number=config.datev.client_number,
            own_vat_id=config.terms.home_vat_id,
            home_country=config.terms.home_country,
        ),
        documents,
    )
    problems = check_against_schemas(package, xsd_dir) if xsd_dir else []
    if problems:
        raise DataError(problems)
    return package


def package_zip(package: DxsoPackage, pdfs: Sequence[DxsoFile] = ()) -> bytes:
    """The XML files of a package in one ZIP, kept as evidence of what was handed over.

    :param pdfs: with them it is a package that Belegtransfer takes, too.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in (package.document_xml, *package.ledgers, *pdfs):
            archive.writestr(zipfile.ZipInfo(file.name, _ZIP_DATE), file.content)
    return buffer.getvalue()


def check_rendering(
    config: TenantConfig,
    invoice: Invoice,
    postings: Sequence[Posting],
    record: DebtorRecord,
    *,
    created_at: datetime,
    xsd_dir: Path | None,
) -> None:
    """Render one document for trial, so that what would spoil a batch parks the deal it comes from.

    :raises DataError: with every problem of rows and master record.
    """
    month = month_of(invoice.document_date)
    fiscal_year = fiscal_year_start(
        invoice.document_date, config.datev.fiscal_year_start_month, config.datev.fiscal_year_start_day
    )
    if config.datev.format is DatevFormat.EXTF:
        postings_file(config, fiscal_year=fiscal_year, month=month, created_at=created_at, postings=postings)
        debtors_file(config, fiscal_year=fiscal_year, created_at=created_at, records=[record])
        return
    ledger_package(
        config,
        month=month,
        folder_name=USUAL_FOLDER,
        created_at=created_at,
        documents=[
            DxsoDocument(
                guid=postings[0].document_link,
                number=invoice.document_number,
                date=invoice.document_date,
                debtor=record,
                postings=tuple(postings),
            )
        ],
        xsd_dir=xsd_dir,
    )


def _last_day(config: TenantConfig, fiscal_year: date, month: date) -> date:
    """Of the month, as far as it lies in the fiscal year: a year may end in the middle of one."""
    datev = config.datev
    end = fiscal_year_end(fiscal_year, datev.fiscal_year_start_month, datev.fiscal_year_start_day)
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    return min(last, end)
