"""The invoice PDF on a deal is replaced after it was handed over: a person is asked."""

import base64
from typing import Any

import pytest
from fpdf import FPDF

from connector.pipeline.cancelling import cancel_run
from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage

LINE = {
    "id": 70,
    "name": "Workshop",
    "item_price": 1000.0,
    "quantity": 1,
    "tax": 19,
    "tax_method": "exclusive",
}


def pdf(number: int, name: str, text: str) -> dict[str, Any]:
    """A file as a deal's seed takes it; a later one is newer."""
    made = FPDF()
    made.add_page()
    made.set_font("helvetica")
    made.cell(text=text)
    content = base64.b64encode(bytes(made.output())).decode()
    stamp = f"2026-03-04T10:00:{number:02d}Z"
    return {"id": number, "file_name": name, "content_base64": content, "add_time": stamp}


OWN = pdf(1, "RE-1.pdf", "Rechnung")


def booked(carriage: Carriage, *files: dict[str, Any]) -> str:
    """Carry deal 7 to its end; when it was won."""
    carriage.win(7, products=[LINE], files=list(files))
    carriage.finish()
    bundle = carriage.rows(t.run, "bundle")[0].bundle
    won: str = bundle["deal"]["won_time"]
    return won


def changed(carriage: Carriage, won: str, *files: dict[str, Any], **event: Any) -> None:
    """More files hang on the deal, and an edit of it is told."""
    carriage.sandbox.deal(7, status="won", won_time=won, products=[LINE], files=list(files))
    told = {"became_won": False, "status_before": "", **event}
    carriage.receive(carriage.event(7, **told))
    carriage.finish()


def ended(carriage: Carriage) -> list[tuple[str, str]]:
    return [(row.kind, row.state) for row in carriage.rows(t.run, "kind", "state")]


def test_a_replaced_pdf_asks_with_both_files_side_by_side(carriage: Carriage) -> None:
    won = booked(carriage, OWN)

    changed(carriage, won, OWN, pdf(2, "RE-1.pdf", "Rechnung, berichtigt"))

    assert [("invoice", "done"), ("correction", "needs_attention")] == ended(carriage)
    sentences = carriage.run_of(7, "correction").reason_message.split("; ")
    assert 2 == len(sentences)
    assert sentences[1].startswith("Invoice PDF: booked RE-1.pdf (file 1, ")
    assert ", now RE-1.pdf (file 2, " in sentences[1]


def test_an_event_that_names_only_the_number_of_files_is_read(carriage: Carriage) -> None:
    won = booked(carriage, OWN)

    changed(carriage, won, OWN, pdf(2, "RE-1.pdf", "new"), changed=("files_count", "update_time"))

    assert ("correction", "needs_attention") == ended(carriage)[-1]


@pytest.mark.parametrize(
    ("before", "now"),
    [
        ([OWN], [OWN]),
        ([OWN], [OWN, {**pdf(2, "letter.docx", "x"), "file_type": "docx"}]),
        ([], []),
        ([], [OWN]),
    ],
    ids=["the same", "another kind of file", "none", "one beside the one that we made"],
)
def test_what_is_not_the_booked_pdf_asks_nobody(
    carriage: Carriage, before: list[dict[str, Any]], now: list[dict[str, Any]]
) -> None:
    won = booked(carriage, *before)

    changed(carriage, won, *now)

    assert [("invoice", "done"), ("correction", "cancelled")] == ended(carriage)


def test_a_replacement_that_a_person_has_settled_is_not_asked_about_again(carriage: Carriage) -> None:
    won = booked(carriage, OWN)
    second, third = pdf(2, "RE-1.pdf", "second"), pdf(3, "RE-1.pdf", "third")
    changed(carriage, won, OWN, second)
    cancel_run(carriage.services, carriage.run_of(7, "correction").id, actor="anna", reason="Sent by mail.")

    changed(carriage, won, OWN, second)
    assert ["done", "cancelled", "cancelled"] == [state for _kind, state in ended(carriage)]

    changed(carriage, won, OWN, second, third)
    assert "needs_attention" == carriage.run_of(7, "correction").state
