"""The page at ``/``: public, plain, and of no use to a stranger. The database is never asked."""

import re
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.unit.webapp.test_pages import HTML, client


def test_the_address_that_is_printed_at_the_start_answers_in_both_languages(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/", headers=HTML)
    text = answer.get_data(as_text=True)
    assert (200, "text/html; charset=utf-8") == (answer.status_code, answer.content_type)
    assert "Hier arbeitet" in text
    assert "ml-connector works here" in text


@pytest.mark.parametrize("place", ["ml-connector run list", "Flower", "/healthz", "/readyz"])
def test_the_page_says_where_the_operator_looks(tmp_path: Path, place: str) -> None:
    assert place in client(tmp_path).get("/").get_data(as_text=True)


def test_every_link_of_the_page_leads_to_something_of_this_process(tmp_path: Path) -> None:
    web = client(tmp_path)
    targets = re.findall(r'(?:href|src)="([^"]+)"', web.get("/").get_data(as_text=True))
    assert ["/static/pages.css", "/desk/", "/desk/", "/healthz", "/readyz"] == targets
    # The database is away here, and /readyz says so; the point is that none of them is a 404.
    for target, status in zip(targets, (200, 303, 303, 200, 503), strict=True):
        with web.get(target) as answer:
            assert status == answer.status_code, target


def test_the_page_tells_no_version_and_nothing_that_is_configured(tmp_path: Path) -> None:
    answer = client(tmp_path, "https://secret-host.example", DATEV_CLIENT_ID="canary-app").get("/")
    text = answer.get_data(as_text=True) + str(answer.headers).replace(answer.headers["Content-Length"], "")
    for told in (
        version("ml-connector"),
        version("flask"),
        version("gunicorn"),
        "secret-host",
        "canary-app",
        "nobody@",
    ):
        assert told not in text, told


def test_the_page_cannot_be_framed_or_kept_and_runs_no_script(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert ("DENY", "no-store") == (answer.headers["X-Frame-Options"], answer.headers["Cache-Control"])
    assert "<script" not in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_the_page_takes_no_form(tmp_path: Path) -> None:
    assert 405 == client(tmp_path).post("/").status_code
