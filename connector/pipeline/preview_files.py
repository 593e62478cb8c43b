"""The file that would be handed over for a previewed deal."""

import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from connector.accounting.debtor import DebtorRecord
from connector.accounting.document_numbers import NEXT_PLACEHOLDER
from connector.accounting.fiscal_year import fiscal_year_start, month_of
from connector.accounting.invoice import Invoice
from connector.accounting.posting import Posting
from connector.datev.dxso.package import DxsoDocument, DxsoFile
from connector.datev.extf.postings import render_posting_batch
from connector.invoice.pdf import make_invoice_pdf
from connector.pipeline.hand_over.files import USUAL_FOLDER, extf_header, ledger_package, package_zip
from connector.tenants.config import DatevFormat, TenantConfig

NEXT_IN_FILES = "NEXT"
"""Stands for ``{next}`` in a preview: Belegfeld 1 knows no braces, and page and file must say the same."""


def next_in_files(part: int) -> str:
    """The same for a part of a deal: every part draws a number of its own.

    :param part: counted from 1; 0: the whole deal.
    """
    return NEXT_IN_FILES if part <= 1 else f"{NEXT_IN_FILES}+{part - 1}"


_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
"""The earliest date a ZIP can hold: the same preview gives the same bytes."""


@dataclass(frozen=True, slots=True)
class Booked:
    """One invoice with everything that a file needs of it."""

    invoice: Invoice
    debtor: DebtorRecord
    postings: tuple[Posting, ...]


def file_of(
    booked: Sequence[Booked],
    config: TenantConfig,
    file_format: DatevFormat,
    *,
    created_at: datetime,
    xsd_dir: Path | None,
) -> bytes:
    """One EXTF posting batch, or a ZIP with the files of a DXSO job.

    Parts of a deal in several months, or on both sides of the day on which a fiscal year begins, are a ZIP
    with a batch or package for each: so they are handed over.

    :param booked: at least one, each with a number that a file can hold.
    :raises DataError: with everything that DATEV would refuse.
    """
    groups = _by_fiscal_year_and_month(booked, config)
    if file_format is DatevFormat.EXTF:
        files = {
            f"EXTF_{_beginning(year, month)}.csv": _batch(year, month, found, config, created_at)
            for (year, month), found in groups.items()
        }
    else:
        files = {
            f"{_beginning(year, month)}.zip": _package(month, found, config, created_at, xsd_dir)
            for (year, month), found in groups.items()
        }
    return next(iter(files.values())) if len(files) == 1 else _zip(files)


def with_number(
    invoice: Invoice, postings: Iterable[Posting], stand_in: str
) -> tuple[Invoice, tuple[Posting, ...]]:
    """Both with a number that a file can hold."""
    number = invoice.document_number.replace(NEXT_PLACEHOLDER, stand_in)
    return (
        replace(invoice, document_number=number),
        tuple(
            replace(
                posting,
                document_number=number,
                posting_text=posting.posting_text.replace(NEXT_PLACEHOLDER, stand_in),
            )
            for posting in postings
        ),
    )


def _fiscal_year(one: Booked, config: TenantConfig) -> date:
    datev = config.datev
    return fiscal_year_start(
        one.invoice.document_date, datev.fiscal_year_start_month, datev.fiscal_year_start_day
    )


def _by_fiscal_year_and_month(
    booked: Iterable[Booked], config: TenantConfig
) -> Mapping[tuple[date, date], list[Booked]]:
    groups: dict[tuple[date, date], list[Booked]] = {}
    for one in booked:
        key = (_fiscal_year(one, config), month_of(one.invoice.document_date))
        groups.setdefault(key, []).append(one)
    return groups


def _beginning(year: date, month: date) -> str:
    """The month; with its first day where a fiscal year begins within it, as two files are of that month."""
    return f"{year:%Y-%m-%d}" if year > month else f"{month:%Y-%m}"


def _batch(
    year: date, month: date, booked: Sequence[Booked], config: TenantConfig, created_at: datetime
) -> bytes:
    header = extf_header(config, fiscal_year=year, month=month, created_at=created_at)
    return render_posting_batch(header, [posting for one in booked for posting in one.postings])


def _package(
    month: date, booked: Sequence[Booked], config: TenantConfig, created_at: datetime, xsd_dir: Path | None
) -> bytes:
    package = ledger_package(
        config,
        month=month,
        folder_name=USUAL_FOLDER,
        created_at=created_at,
        documents=[
            DxsoDocument(
                guid=one.postings[0].document_link,
                number=one.invoice.document_number,
                date=one.invoice.document_date,
                debtor=one.debtor,
                postings=one.postings,
            )
            for one in booked
        ],
        xsd_dir=xsd_dir,
    )
    names = dict(package.pdf_names)
    pdfs = [
        DxsoFile(
            names[one.postings[0].document_link],
            make_invoice_pdf(one.invoice, seller=config.seller, created_at=created_at),
        )
        for one in booked
    ]
    return package_zip(package, pdfs)


def _zip(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content)
    return buffer.getvalue()
