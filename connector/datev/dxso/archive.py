"""Our own ``document.xml``: which ledger file and which PDF belong together."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from connector.datev.dxso.model import Archive, ArchiveDocument, Extension, LedgerKind, Property
from connector.datev.dxso.package import DxsoDocument, FileNames, PackageHeader

_BERLIN = ZoneInfo("Europe/Berlin")
_OUTGOING = 2

MONTH_KEY, FOLDER_KEY = "1", "3"
"""Keys of the properties of ledger data: its booking month, and the ledger folder it goes into."""


def archive_of_package(
    documents: Sequence[DxsoDocument], names: Sequence[FileNames], header: PackageHeader
) -> Archive:
    """Per document its ledger data and its PDF.

    The GUID is DATEV's name for the PDF; it takes effect because the document has a File extension.
    """
    created = header.created_at.astimezone(_BERLIN)
    properties = (
        Property(MONTH_KEY, f"{header.month:%Y-%m}"),
        Property(FOLDER_KEY, header.folder_name),
    )
    return Archive(
        date=created.replace(microsecond=0, tzinfo=None),
        generating_system=header.generating_system,
        # DATEV refuses the data where these differ from the client that it is imported into.
        consultant_number=header.consultant_number,
        client_number=header.client_number,
        documents=tuple(
            ArchiveDocument(
                guid=document.guid,
                type=_OUTGOING,
                extensions=(
                    Extension(LedgerKind.RECEIVABLE, name.ledger, properties),
                    Extension("File", name.pdf),
                ),
            )
            for document, name in zip(documents, names, strict=True)
        ),
    )
