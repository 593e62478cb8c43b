"""The gate before a number is used: does the invoice hold what §14 (4) and §14a UStG want on it?

A number is drawn once; an invoice that then turns out to lack the street of the buyer would have
to be cancelled. So this is asked first, and every gap is named at once.
"""

from collections.abc import Iterator
from decimal import Decimal

from connector.accounting.invoice import Invoice
from connector.accounting.sale import Sale
from connector.accounting.sale_checks import address_problems
from connector.errors import Problem
from connector.invoice.fonts import unprintable
from connector.tenants.config import SellerConfig

_REVERSE_CHARGE_MARK = "Steuerschuldnerschaft"
_INTRA_COMMUNITY_MARK = "innergemeinschaftliche Lieferung"
"""Words that §14a (5) and (3) UStG put on the invoice; both ask for the VAT ids of buyer and seller."""

_SELLER_CURE = "Fill it in the tenant's file, section seller."
_BUYER_CURE = "Fill it on the organization or person in Pipedrive."


def check_contents(invoice: Invoice, seller: SellerConfig) -> list[Problem]:
    """Every statement that is missing or contradicts another; empty where the invoice may go out."""
    return [
        *check_sale(invoice, seller),
        *_vat_id_problems(invoice, seller),
        *_document_problems(invoice),
        *_correction_problems(invoice),
        *_sum_problems(invoice),
    ]


def check_sale(shown: Invoice | Sale, seller: SellerConfig) -> list[Problem]:
    """Those of them that hang on no tax and no sum: they are told of a sale that becomes no invoice, too."""
    return [*_seller_problems(seller), *_buyer_problems(shown), *_line_problems(shown)]


def _seller_problems(seller: SellerConfig) -> Iterator[Problem]:
    """§14 (4) no. 1 and 2: full name and address, tax number or VAT id."""
    for field, what in (
        ("name", "name"),
        ("street", "street"),
        ("postal_code", "postal code"),
        ("city", "city"),
    ):
        if not getattr(seller, field).strip():
            yield Problem(
                f"seller_{field}_missing",
                f"The invoice lacks the seller's {what} (§14 (4) no. 1 UStG).",
                f"seller.{field}",
                _SELLER_CURE,
            )
    if not (seller.tax_number or seller.vat_id):
        yield Problem(
            "seller_tax_number_missing",
            "The invoice lacks the seller's tax number or VAT id (§14 (4) no. 2 UStG).",
            "seller.tax_number",
            _SELLER_CURE,
        )


def _buyer_problems(shown: Invoice | Sale) -> Iterator[Problem]:
    """§14 (4) no. 1: full name and address of the buyer."""
    buyer = shown.buyer
    if not (buyer.name or buyer.last_name).strip():
        yield Problem(
            "buyer_name_missing",
            "The invoice lacks the buyer's name (§14 (4) no. 1 UStG).",
            "buyer.name",
            _BUYER_CURE,
        )
    yield from address_problems(buyer.address)
    if not buyer.address.country.strip():
        yield Problem(
            "buyer_country_missing",
            "The invoice lacks the buyer's country (§14 (4) no. 1 UStG).",
            "buyer.address.country",
            _BUYER_CURE,
        )


def _vat_id_problems(invoice: Invoice, seller: SellerConfig) -> Iterator[Problem]:
    """§14a: both VAT ids where the buyer owes the tax."""
    if not _needs_vat_ids(invoice):
        return
    if not invoice.buyer.vat_id:
        yield Problem(
            "buyer_vat_id_missing",
            "The invoice lacks the buyer's VAT id, which §14a UStG asks for here.",
            "buyer.vat_id",
            "Fill the VAT id on the organization in Pipedrive.",
        )
    if not seller.vat_id:
        yield Problem(
            "seller_vat_id_missing",
            "The invoice lacks the seller's VAT id, which §14a UStG asks for here.",
            "seller.vat_id",
            _SELLER_CURE,
        )


def _needs_vat_ids(invoice: Invoice) -> bool:
    """A supply whose posting carries a VAT id (EU) is one for which §14a asks for both."""
    return any(len(group.eu_vat) > 2 for group in invoice.tax_breakdown) or any(
        _INTRA_COMMUNITY_MARK.lower() in note.lower()
        or (_REVERSE_CHARGE_MARK in note and invoice.buyer.address.country != "DE")
        for group in invoice.tax_breakdown
        for note in group.notes
    )


def _line_problems(shown: Invoice | Sale) -> Iterator[Problem]:
    """§14 (4) no. 5: the kind of everything that was supplied."""
    for line in shown.lines:
        if not line.name.strip():
            yield Problem(
                "line_name_missing",
                f"Line {line.position} does not say what was supplied (§14 (4) no. 5 UStG).",
                f"lines[{line.position}].name",
                "Name the product in Pipedrive.",
            )


def _document_problems(invoice: Invoice) -> Iterator[Problem]:
    """§14 (4) no. 4 to 6: number, what was supplied at all, and when."""
    if not invoice.document_number:
        yield Problem(
            "document_number_missing",
            "The invoice lacks its number (§14 (4) no. 4 UStG).",
            "document_number",
            "Fill the document number on the deal or let the tenant number its invoices.",
        )
    if not invoice.lines:
        yield Problem(
            "lines_missing",
            "The invoice has no lines (§14 (4) no. 5 UStG).",
            "lines",
            "Add the products to the deal in Pipedrive.",
        )
    start, end = invoice.service_date, invoice.service_period_end
    if end and (start is None or end < start):
        yield Problem(
            "service_period_backwards",
            "The service period ends before it begins (§14 (4) no. 6 UStG).",
            "service_period_end",
            "Correct the date range on the deal.",
        )


def _correction_problems(invoice: Invoice) -> Iterator[Problem]:
    """§31 (5) UStDV: a correction refers to its invoice specifically and unmistakably."""
    if invoice.is_credit_note and not invoice.corrects.strip():
        yield Problem(
            "corrected_document_missing",
            "The credit note does not name the invoice that it corrects (§31 (5) UStDV).",
            "corrects_document",
            "Enter the number of the corrected invoice in the deal's field for it.",
        )


def _sum_problems(invoice: Invoice) -> Iterator[Problem]:
    """§14 (4) no. 7 and 8: net per rate, tax and gross, and they must add up to the cent."""
    groups = invoice.tax_breakdown
    nought = Decimal(0)
    for what, stated, computed in (
        ("net amounts of the lines", invoice.net, sum((line.net for line in invoice.lines), nought)),
        ("net amounts per tax rate", invoice.net, sum((group.net for group in groups), nought)),
        ("tax amounts per tax rate", invoice.tax, sum((group.tax for group in groups), nought)),
        ("net and tax", invoice.gross, invoice.net + invoice.tax),
    ):
        if stated != computed:
            yield Problem(
                "sums_differ",
                f"The {what} add up to {computed}, the invoice states {stated} (§14 (4) no. 7 and 8 UStG).",
                "lines",
                "This is a fault of ours: report it with the deal's number.",
            )


def check_print(invoice: Invoice | Sale, seller: SellerConfig) -> Iterator[Problem]:
    """A letter that the typeface lacks would be printed as an empty box; of a sale that is no invoice, too.

    Asked only of invoices that we make: what stands in a PDF of the deal's own is none of ours.
    """
    buyer, address = invoice.buyer, invoice.buyer.address
    texts = [
        ("buyer.name", f"{buyer.name}{buyer.first_name}{buyer.last_name}{buyer.contact}"),
        ("buyer.address", f"{address.street}{address.extra}{address.postal_code}{address.city}"),
        ("title", invoice.title),
        ("order_number", invoice.order_number),
        ("corrects_document", invoice.corrects),
        ("seller.name", f"{seller.name}{seller.street}{seller.city}{seller.register}"),
        *((f"lines[{line.position}]", f"{line.name}{line.description}{line.unit}") for line in invoice.lines),
    ]
    for field, text in texts:
        if missing := unprintable(text):
            yield Problem(
                "not_printable",
                f"Our invoice cannot print these characters of {field}: {' '.join(missing)}.",
                field,
                "Write them in Latin letters in Pipedrive, or attach the invoice as a PDF to the deal.",
            )
