"""How document v06.0 and ledger v060 are built: which element holds which, in what order and how often."""

from collections.abc import Sequence
from dataclasses import dataclass

from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CASH_RULES,
    CONSOLIDATE_RULES,
    DATA_FILE_RULE,
    DOCUMENT_NAMESPACE,
    DOCUMENT_RULES,
    DOCUMENT_TEXT_RULES,
    FILE_RULE,
    HEADER_RULES,
    INTERN_PROPERTY_RULES,
    INVOICE_PROPERTY_RULES,
    LEDGER_NAMESPACE,
    LEDGER_PROPERTY_RULES,
    LEDGER_RULES,
    LEVEL_RULES,
    LINE_RULES,
    MAX_DOCUMENTS,
    MAX_EXTENSIONS,
    MAX_LINES,
    PAYABLE_RULES,
    Rule,
)


@dataclass(frozen=True, slots=True)
class Shape:
    """What one element is made of: a text by a rule, or elements in a fixed order."""

    name: str
    attributes: tuple[Rule, ...] = ()
    text: Rule | None = None
    places: "tuple[Place, ...]" = ()
    variants: "tuple[tuple[str, Shape], ...]" = ()
    """By ``xsi:type``; the element itself is then none of DATEV's, only its variants are."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where elements of one name stand."""

    choices: tuple[Shape, ...]
    """The first element decides which of them stands here; the others then may not."""
    least: int = 1
    most: int | None = 1
    count_rule: str = "wrong_count"
    """Code of the finding where there are too few or too many."""

    def names(self) -> list[str]:
        """What may stand here."""
        return [shape.name for shape in self.choices]


def _texts(rules: Sequence[Rule]) -> tuple[Place, ...]:
    return tuple(Place((Shape(rule.name, text=rule),), least=int(rule.required)) for rule in rules)


def _properties(rules: tuple[Rule, ...], most: int | None) -> tuple[Place, ...]:
    return (Place((Shape("property", rules),), most=most),)


def _data(rules: tuple[Rule, ...], most: int | None) -> Shape:
    return Shape("extension", (DATA_FILE_RULE,), places=_properties(rules, most))


FILE_KINDS = ("File", "SEPAFile")
"""Extensions that are a file to keep; the others bring data."""

_FILE = Shape("extension", (FILE_RULE,))
_LEDGER_DATA = _data(LEDGER_PROPERTY_RULES, 2)

EXTENSION = Shape(
    "extension",
    variants=(
        ("accountsReceivableLedger", _LEDGER_DATA),
        ("accountsPayableLedger", _LEDGER_DATA),
        ("cashLedger", _LEDGER_DATA),
        ("cashLedgerPayPal", _data(LEDGER_PROPERTY_RULES, None)),
        ("Invoice", _data(INVOICE_PROPERTY_RULES, 1)),
        *((kind, _FILE) for kind in FILE_KINDS),
    ),
)

_REPOSITORY = Place(
    (Shape("repository", places=(Place((Shape("level", LEVEL_RULES),), most=3),)),),
    least=0,
)
_INTERN = Shape("documentintern", places=_properties(INTERN_PROPERTY_RULES, 1))

_DOCUMENT = Shape(
    "document",
    DOCUMENT_RULES,
    places=(
        *_texts(DOCUMENT_TEXT_RULES),
        Place((EXTENSION,), most=MAX_EXTENSIONS, count_rule="extension_count"),
        _REPOSITORY,
        Place((_INTERN,), least=0),
    ),
)

ARCHIVE = Shape(
    "archive",
    ARCHIVE_RULES,
    places=(
        Place((Shape("header", places=(*_texts(HEADER_RULES), _REPOSITORY)),)),
        Place(
            (
                Shape(
                    "content",
                    places=(Place((_DOCUMENT,), most=MAX_DOCUMENTS, count_rule="document_count"),),
                ),
            )
        ),
    ),
)
"""``document.xml``, version 6.0."""

LEDGER_LINES: dict[str, tuple[Rule, ...]] = {
    "accountsPayableLedger": PAYABLE_RULES,
    "cashLedger": CASH_RULES,
    "accountsReceivableLedger": LINE_RULES,
}
"""Kind of ledger → what its lines may hold."""

LEDGER = Shape(
    "LedgerImport",
    LEDGER_RULES,
    places=(
        Place(
            (
                Shape(
                    "consolidate",
                    CONSOLIDATE_RULES,
                    places=(
                        Place(
                            tuple(Shape(kind, places=_texts(rules)) for kind, rules in LEDGER_LINES.items()),
                            most=MAX_LINES,
                            count_rule="line_count",
                        ),
                    ),
                ),
            )
        ),
    ),
)
"""A ledger file, version 6.0."""

ROOTS = {f"{{{DOCUMENT_NAMESPACE}}}archive": ARCHIVE, f"{{{LEDGER_NAMESPACE}}}LedgerImport": LEDGER}
"""Root element → shape of the whole file."""
