"""What is kept of a partner's call holds nothing secret and nobody's data."""

import pytest

from connector.http_record import redacted_url, request_ids


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        (
            "https://acme.pipedrive.com/api/v2/deals/17?limit=500&status=won",
            "https://acme.pipedrive.com/api/v2/deals/17?limit=500&status=won",
        ),
        (
            "https://acme.pipedrive.com/api/v2/persons/search?term=Erika%20Muster&limit=1",
            "https://acme.pipedrive.com/api/v2/persons/search?term=***&limit=1",
        ),
        ("https://h.example/x?api_token=0123abcd", "https://h.example/x?api_token=***"),
        (
            "https://h.example/x?updated_since=2026-01-31T10:00:00Z&cursor=eyJ",
            "https://h.example/x?updated_since=2026-01-31T10:00:00Z&cursor=***",
        ),
        ("https://user:secret@h.example:8443/a/b#frag", "https://h.example:8443/a/b"),
        (
            "https://storage.example/files/Rechnung%20Erika%20Muster.pdf?X-Amz-Signature=abc",
            "https://storage.example/files/***?X-Amz-Signature=***",
        ),
        ("https://h.example/x?q=", "https://h.example/x?q=***"),
    ],
)
def test_an_address_keeps_what_is_plain(url: str, kept: str) -> None:
    assert kept == redacted_url(url)


def test_the_ids_of_both_partners_are_kept_under_their_names() -> None:
    headers = {"X-Global-Transaction-ID": "g-1", "V-Cap-Request-ID": "v-1", "Cookie": "no", "CF-RAY": ""}

    assert {"X-Global-Transaction-ID": "g-1", "V-Cap-Request-ID": "v-1"} == request_ids(headers)


def test_an_id_is_cut_where_it_is_no_id() -> None:
    assert {"X-Request-Id": "a" * 100} == request_ids({"X-Request-Id": "a" * 5000})
