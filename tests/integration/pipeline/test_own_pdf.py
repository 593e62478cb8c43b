"""A deal with a PDF of its own: we print nothing, so no letter is too strange to print."""

import base64

from connector.store import tables as t
from tests.integration.pipeline.carriage import Carriage, add_customer

PDF = base64.b64encode(b"%PDF-1.7 own startxref 0 %%EOF").decode()


def test_a_deal_with_its_own_pdf_is_booked_whatever_letters_it_has(carriage: Carriage) -> None:
    add_customer(carriage.sandbox, 2, "株式会社 Rheinwerk")
    files = [{"file_name": "Rechnung.pdf", "content_base64": PDF}]
    run = carriage.win(7, org_id=2, title="Rakete 🚀", files=files)

    carriage.finish()

    assert "done" == carriage.run(run.id).state
    assert ["pipedrive"] == [row.origin for row in carriage.rows(t.document, "origin")]
    assert 1 == carriage.bookings()


def test_an_invoice_that_we_would_print_waits_for_letters_that_we_can(carriage: Carriage) -> None:
    add_customer(carriage.sandbox, 2, "株式会社 Rheinwerk")
    run = carriage.win(7, org_id=2, title="Rakete 🚀")

    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", "not_printable") == (parked.state, parked.reason_code)
    assert 0 == carriage.bookings()
