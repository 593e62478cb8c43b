"""Files for ``validate``, right in every respect; a test breaks one thing at a time."""

import io
import warnings
import zipfile
from collections.abc import Mapping

from connector.datev.dxso import render_package
from connector.datev.extf import render_posting_batch
from tests.unit.datev.dxso.packages import HEADER, INVOICE
from tests.unit.datev.extf.headers import HEADER as EXTF_HEADER
from tests.unit.datev.samples import POSTING

LEDGER = render_package(HEADER, [INVOICE]).ledgers[0].content
PDF = b"%PDF-1.7\nstartxref\n9\n%%EOF"


def posting_batch() -> bytes:
    """One posting, with umlauts."""
    return render_posting_batch(EXTF_HEADER, [POSTING])


def package_files() -> dict[str, bytes]:
    """Name → content of a whole package."""
    package = render_package(HEADER, [INVOICE])
    files = {file.name: file.content for file in (package.document_xml, *package.ledgers)}
    return files | {name: PDF for _guid, name in package.pdf_names}


def zipped(files: Mapping[str, bytes], *twice: str) -> bytes:
    """The files as a ZIP; those named again are put in twice."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, content in files.items():
            archive.writestr(name, content)
        for name in twice:
            archive.writestr(name, files[name])
    return buffer.getvalue()
