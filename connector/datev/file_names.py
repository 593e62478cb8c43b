"""File names as DATEV takes them (documents v2, DXSO jobs v2).

DATEV replaces other characters by underscores itself; doing it here first keeps the name we record
and the name DATEV reports the same, which is how protocol entries find their document.
"""

import re
import unicodedata
from pathlib import PurePath

LONGEST_NAME = 255
LONGEST_EXTENSION = 10
"""What follows the last dot beyond this is part of a sentence, not the kind of a file."""

MEDIA_TYPES = {
    ".pdf": "application/pdf",
    ".xml": "text/xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".gif": "image/gif",
}
"""What every version of Belege online takes (DCO01215); the part's type must fit its extension (DCO01219)."""

_ALLOWED = re.compile(r"[ &()+\-._0-9A-Za-zÀ-ÖØ-öø-ÿ]")
"""The white list of the API descriptions; × and ÷ lie between its letters and are not on it."""

_NAME_WITHOUT_CONTENT = re.compile(r"[ ._]*")


def clean_file_name(name: str) -> str:
    """The name with precomposed letters and allowed characters only, at most 255, extension kept.

    Letters outside the list lose their accent where the plain letter is on it (``Łódź`` → ``_ódz``,
    since Ł has no plain form in Unicode), all else becomes ``_``.
    """
    composed = unicodedata.normalize("NFC", name.replace("\\", "/").rsplit("/", 1)[-1])
    cleaned = "".join(_allowed(character) for character in composed).strip(" ")
    stem, dot, extension = cleaned.rpartition(".")
    if not dot or len(extension) > LONGEST_EXTENSION:
        stem, extension = cleaned, ""
    suffix = f".{extension}" if extension else ""
    if _NAME_WITHOUT_CONTENT.fullmatch(stem):
        stem = "document"
    return stem[: LONGEST_NAME - len(suffix)].rstrip(" ") + suffix


def media_type(file_name: str) -> str | None:
    """The type that belongs to the extension; None where DATEV does not take such files."""
    return MEDIA_TYPES.get(PurePath(file_name).suffix.lower())


def _allowed(character: str) -> str:
    if _ALLOWED.fullmatch(character):
        return character
    plain = unicodedata.normalize("NFKD", character)[0]
    return plain if _ALLOWED.fullmatch(plain) else "_"
