"""An answer of Pipedrive that has not the documented shape parks the run with a sentence, and says where."""

import pytest

from tests.integration.pipeline.carriage import Carriage

LINE = '{"id": 1, "name": "Workshop", "quantity": 1, "tax": 19, "tax_method": "exclusive", "item_price": %s}'


@pytest.mark.parametrize(
    ("operation", "body", "code", "said"),
    [
        (
            "deals/7/products",
            '{"success": true, "data": [' + LINE % "1e99999999999999999999" + "]}",
            "number_beyond_reason",
            (
                "127.0.0.1 answered /pipedrive/api/v2/deals/7/products with the number "
                "1e99999999999999999999 as 'item_price', which no amount, quantity or id can be."
            ),
        ),
        (
            "deals/7/products",
            '{"success": true, "data": null}',
            "malformed_answer",
            (
                "Pipedrive's answer to GET /v2/deals/{id}/products has not the documented shape: its data is "
                "null, no list. It was tried 12 times."
            ),
        ),
        (
            "deals/7$",
            '{"success": true, "data": {"id": 4242, "title": "Another deal", "status": "won"}}',
            "malformed_answer",
            (
                "Pipedrive's answer to GET /v2/deals/{id} has not the documented shape: it speaks of the "
                "record 4242, not 7. It was tried 12 times."
            ),
        ),
        (
            "organizations/1$",
            '{"success": true, "data": {"id": 999999, "name": "Stranger GmbH"}}',
            "malformed_answer",
            (
                "Pipedrive's answer to GET /v2/organizations/{id} has not the documented shape: it speaks of "
                "the record 999999, not 1. It was tried 12 times."
            ),
        ),
        (
            "dealFields",
            '{"success": true, "data": [5]}',
            "malformed_answer",
            (
                "Pipedrive's answer to GET /v2/dealFields has not the documented shape: its list holds 5, "
                "no record. It was tried 12 times."
            ),
        ),
        (
            "deals/7$",
            '{"success": true, "data": {"id": 7, "status": "won", "won_time": "9999-12-31T23:59:59Z"}}',
            "time_unreadable",
            "The deal's won_time is no time of our days with a time zone: '9999-12-31T23:59:59Z'.",
        ),
    ],
)
def test_a_malformed_answer_parks_the_run_with_reason_and_cure(
    carriage: Carriage, operation: str, body: str, code: str, said: str
) -> None:
    run = carriage.win(7)
    carriage.sandbox.fault(operation, method="GET", status=200, body=body, times=99)

    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", code, said) == (parked.state, parked.reason_code, parked.reason_message)
    assert parked.reason_cure


def test_a_run_goes_on_once_the_answers_are_right_again(carriage: Carriage) -> None:
    run = carriage.win(7)
    carriage.sandbox.fault("deals/7/products", method="GET", status=200, body='{"data": 5}', times=3)

    carriage.finish()

    assert "done" == carriage.run(run.id).state


def test_a_refusal_in_words_that_cannot_be_stored_is_told_with_these_replaced(carriage: Carriage) -> None:
    run = carriage.win(7)
    body = '{"success": false, "error": "a\\u0000b\\ud800", "error_info": "x\\u0000"}'
    carriage.sandbox.fault("deals/7$", method="GET", status=400, body=body, times=99)

    carriage.finish()

    parked = carriage.run(run.id)
    assert ("needs_attention", "partner_refused") == (parked.state, parked.reason_code)
    assert "a\ufffdb\ufffd x\ufffd" in parked.reason_message
