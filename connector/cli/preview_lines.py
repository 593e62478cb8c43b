"""A preview as a page for people."""

from typing import Any

from connector.cli.failures import problem_lines
from connector.cli.output import facts, table
from connector.errors import Problem

_HEADS = {
    "posted": "This deal would be booked.",
    "needs_attention": "This deal would wait for a person:",
    "ignored": "This deal would be left alone:",
}

_PART_HEADS = {"posted": "would be booked.", "needs_attention": "would wait for a person:"}


def preview_lines(value: dict[str, Any]) -> list[str]:
    """Outcome and reasons, then invoice, debtor and every row with its why; of a deal in parts each."""
    lines = _decided_lines(_HEADS[value["outcome"]], value)
    parts = value.get("parts")
    if not parts:
        return [*lines, *_booked_lines(value)]
    lines += ["", f"It is invoiced in {len(parts)} parts."]
    for part in parts:
        head = f"Part {part['part']}, {part['key']}, on {part['date']}: {_PART_HEADS[part['outcome']]}"
        lines += ["", *_decided_lines(head, part), *_booked_lines(part)]
    return lines


def _decided_lines(head: str, value: dict[str, Any]) -> list[str]:
    reasons = [problem_lines(Problem(**reason), indent="  ") for reason in value["reasons"]]
    return [head, *(line for lines in reasons for line in lines)]


def _booked_lines(value: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    if value["invoice"]:
        lines += ["", *_invoice_lines(value["invoice"])]
    if value["debtor"]:
        lines += ["", *_debtor_lines(value["debtor"])]
    if value["postings"]:
        lines += ["", *_posting_lines(value["postings"])]
    return lines


def _invoice_lines(invoice: dict[str, Any]) -> list[str]:
    period = invoice["service_period_end"]
    note = " (example: the number is drawn when the deal is carried)" if invoice["provisional"] else ""
    return facts(
        [
            (
                "Credit note" if invoice["corrects"] else "Invoice",
                f"{invoice['number'] or '(no number yet)'} of {invoice['date']}{note}",
            ),
            ("Corrects", invoice["corrects"]),
            ("Service", f"{invoice['service_date'] or ''}{f' to {period}' if period else ''}"),
            ("Due", invoice["due_date"]),
            (
                "Total",
                f"{invoice['net']} net + {invoice['tax']} tax = {invoice['gross']} {invoice['currency']}",
            ),
        ]
    )


def _debtor_lines(debtor: dict[str, Any]) -> list[str]:
    name = debtor["name"] or f"{debtor['first_name']} {debtor['last_name']}".strip()
    address = debtor["address"]
    note = " (example: the next free account is given when the deal is carried)"
    return facts(
        [
            ("Debtor", f"{debtor['account']} {name}{note if debtor['provisional'] else ''}"),
            ("Place", f"{address['country']} {address['postal_code']} {address['city']}".strip()),
            ("VAT id", debtor["vat_id"]),
        ]
    )


def _posting_lines(postings: list[dict[str, Any]]) -> list[str]:
    columns = ("amount", "currency", "side", "account", "contra_account", "tax_key", "posting_text")
    lines = table(postings, columns, empty="")
    for number, posting in enumerate(postings, start=1):
        lines += ["", f"Why row {number}:", *(f"  {why}" for why in posting["why"])]
    return lines
