"""What ledger files of other programs get wrong although the schema has room for it.

The same is asked of EXTF files (:mod:`connector.datev.validation.file_rules`), and judged alike.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from lxml import etree

from connector.datev.dxso.shapes import LEDGER_LINES
from connector.datev.dxso.values import read_texts
from connector.datev.dxso.xml import line_of
from connector.datev.extf.problems import Severity as BreachSeverity
from connector.datev.extf.rules import Breach
from connector.datev.findings import Finding, Severity
from connector.datev.validation.code_rules import GREECE_BY_ISO, iban_breaches, vat_id_breaches
from connector.datev.validation.judgements import judged

Values = Mapping[str, Any]
"""Field → value, of what is written and right."""

_VAT_IDS = (("vatId", "vat_id"), ("ownVatId", "own_vat_id"))
_NO_COLUMN = 0
"""Elements have names, not numbers."""


def ledger_rule_findings(root: etree._Element) -> list[Finding]:
    """Everything that is doubtful in the lines of a ledger file."""
    found: list[Finding] = []
    partners: dict[str, int] = {}
    lines = (element for part in root for element in part if etree.QName(element).localname in LEDGER_LINES)
    for row, element in enumerate(lines, start=1):
        kind = etree.QName(element).localname
        values: Values = read_texts(element, LEDGER_LINES[kind])
        for field, breach in _breaches(values, partners):
            found.append(
                Finding(
                    rule=breach.code,
                    message=f"The line {breach.what}",
                    cure=breach.cure,
                    severity=Severity(str(breach.severity)),
                    line=line_of(element),
                    row=row,
                    field=field,
                    path=f"LedgerImport/consolidate/{kind}[{row}]",
                )
            )
    return found


def _breaches(values: Values, partners: dict[str, int]) -> Iterator[tuple[str, Breach]]:
    """Each with the element that is to be mended."""
    for element, field in _VAT_IDS:
        if field in values:
            for breach in _vat_id_breaches(str(values[field])):
                yield element, breach
    if "iban" in values:
        for breach in iban_breaches(str(values["iban"]), _NO_COLUMN):
            yield "iban", breach
    due, written = values.get("due_date"), values.get("date")
    if due and written and due < written:
        what = f"is due on {due}, before its invoice date {written}."
        cure = "Correct the due date or the date of the invoice."
        yield "dueDate", judged("due_date_before_document", _NO_COLUMN, what, cure)
    yield from _partner_breaches(values, partners)


def _vat_id_breaches(vat_id: str) -> Iterator[Breach]:
    # A warning: that DATEV refuses it in postings is documented, in ledgers it is not.
    if vat_id.startswith(GREECE_BY_ISO):
        what, cure = f"has the VAT id {vat_id} with GR.", "Write EL: VAT ids of Greece begin so."
        yield Breach("greece_is_el", _NO_COLUMN, what, cure, BreachSeverity.WARNING)
    yield from vat_id_breaches(vat_id, _NO_COLUMN, _NO_COLUMN)


def _partner_breaches(values: Values, partners: dict[str, int]) -> Iterator[tuple[str, Breach]]:
    """One invoice has one debtor or creditor.

    :param partners: number of the invoice → account of its first line that names one.
    """
    account, invoice = values.get("bp_account_no"), values.get("invoice_id")
    if account is None or not invoice:
        return
    first = partners.setdefault(str(invoice), account)
    if account != first:
        what = f"books invoice {invoice} on {account}, another of its lines on {first}."
        cure = "Write the same account in all lines of an invoice."
        yield "bpAccountNo", judged("partner_differs", _NO_COLUMN, what, cure)
