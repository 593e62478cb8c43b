"""Text as DATEV's files can hold it: windows-1252, on one line, nothing lost in silence.

DATEV's check tool knows no Unicode, so names are written in cp1252. A letter that cp1252 lacks is
replaced on purpose: by the table below (Cyrillic, Greek, letters without decomposition), else by
its base letter (``č`` → ``c``), else as anyascii spells it (``北京`` → ``BeiJing``), else by
:data:`REPLACEMENT`, which shows that something stood there.
"""

import unicodedata

from anyascii import anyascii

ENCODING = "cp1252"

REPLACEMENT = "?"
"""Stands for a character without any Latin spelling (private use, unassigned): visible, never dropped."""

_TABLE = {
    # Latin letters that do not decompose
    "ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ħ": "h", "Ħ": "H", "ı": "i", "ĸ": "k", "ŋ": "ng", "Ŋ": "Ng",
    "ŧ": "t", "Ŧ": "T", "ə": "e", "Ə": "E", "ẞ": "SS", "ŀ": "l", "Ŀ": "L",
    # Hungarian long umlauts: the umlaut is nearer than the bare vowel
    "ő": "ö", "Ő": "Ö", "ű": "ü", "Ű": "Ü",
    # Typography
    "‐": "-", "‑": "-", "‒": "-", "―": "-", "−": "-", "′": "'", "″": '"', "ʼ": "'", "ʻ": "'", "⁄": "/",
    "№": "No.", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≠": "!=", "₽": "RUB", "₺": "TRY", "₴": "UAH",
    # Greek (ELOT 743, without its digraph rules)
    "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
    "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
    "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
    # Cyrillic (near to passport practice; Russian, Ukrainian, Bulgarian, Serbian, Macedonian letters)
    "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "ђ": "dj", "ѓ": "gj", "е": "e", "ё": "e",
    "є": "ie", "ж": "zh", "з": "z", "ѕ": "dz", "и": "i", "і": "i", "ї": "i", "й": "i", "ј": "j", "к": "k",
    "л": "l", "љ": "lj", "м": "m", "н": "n", "њ": "nj", "о": "o", "п": "p", "р": "r", "с": "s", "т": "t",
    "ћ": "c", "ќ": "kj", "у": "u", "ў": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "џ": "dz", "ш": "sh",
    "щ": "shch", "ъ": "ie", "ы": "y", "ь": "'", "э": "e", "ю": "iu", "я": "ia",
    # Letters of common scripts that the library passes over, because they carry another sound or lengthen one
    "ا": "a", "ـ": "-", "އ": "a", "ー": "-", "ｰ": "-", "ㅇ": "ng", "ᄋ": "ng", "ອ": "o", "ཨ": "a",
}  # fmt: skip


def to_cp1252(text: str) -> str:
    """One line of text that encodes to cp1252 without error.

    Line breaks, tabs and control characters become blanks, blanks are merged, invisible marks
    (joiners, directions) have no shape and leave none.
    """
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(map(_spell, composed)).split())


def fit(text: str, length: int) -> str:
    """Text in cp1252 of at most ``length`` characters, cut after a word where that keeps most of it."""
    spelled = to_cp1252(text)
    if len(spelled) <= length:
        return spelled
    cut = spelled[:length]
    if spelled[length] == " ":
        return cut.rstrip()
    head, _, _ = cut.rpartition(" ")
    # A cut after a word is worth it only if little is lost; one long word is cut inside.
    return head.rstrip() if len(head) * 2 >= length else cut.rstrip()


def is_cp1252(text: str) -> bool:
    """Whether the text can be written as it stands."""
    try:
        text.encode(ENCODING)
    except UnicodeEncodeError:
        return False
    return True


def _spell(sign: str) -> str:
    category = unicodedata.category(sign)
    if category in ("Cc", "Zl", "Zp", "Zs"):
        return " "
    if is_cp1252(sign) and category != "Cf":
        return sign
    if category in ("Cf", "Mn", "Me"):
        return ""
    return _from_table(sign) or _from_parts(sign) or _from_library(sign) or REPLACEMENT


def _from_table(sign: str) -> str:
    if sign in _TABLE:
        return _TABLE[sign]
    lower = sign.lower()
    # Щ → Shch: only the first letter of a longer spelling is a capital.
    return _TABLE[lower].capitalize() if sign != lower and lower in _TABLE else ""


def _from_parts(sign: str) -> str:
    """Base letters without their marks, and what compatibility characters stand for (``ﬁ`` → ``fi``)."""
    parts = unicodedata.normalize("NFKD", sign)
    if parts == sign:
        return ""
    spelled = [_from_part(part) for part in parts]
    # One part without a Latin letter (a Korean syllable has none): the whole sign is spelled otherwise.
    return "" if None in spelled else "".join(filter(None, spelled))


def _from_part(part: str) -> str | None:
    if unicodedata.category(part) in ("Mn", "Me", "Cf"):
        return ""
    if is_cp1252(part):
        return " " if part.isspace() else part
    return _from_table(part) or None


def _from_library(sign: str) -> str:
    """Other scripts, emoji and symbols: as Latin as they get, by a library that knows all of Unicode."""
    return "".join(letter if letter.isprintable() else " " for letter in anyascii(sign))
