"""What every page carries, and what pages say when something is wrong. The database is never asked."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from connector.pipeline.services import Services
from connector.settings import load
from connector.store import Database
from connector.vault import Vault, generate_key
from webapp.app import create_app

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def client(tmp_path: Path, public_url: str = "http://localhost", **environment: str) -> FlaskClient:
    """A web process whose database nobody asks."""
    address = "postgresql://nobody@127.0.0.1:9/none"
    settings = load(
        {
            "DATABASE_URL": address,
            "MLC_VAR_DIR": str(tmp_path),
            "MLC_PUBLIC_URL": public_url,
            **environment,
        }
    )
    services = Services(settings, Database(address), Vault([generate_key()]))
    return create_app(services, wake=lambda *_ids: None).test_client()


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/static/pages.css", "/connect/datev/client"])
def test_every_page_carries_the_security_headers(tmp_path: Path, path: str) -> None:
    with client(tmp_path).get(path) as answer:
        headers = answer.headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "Strict-Transport-Security" not in headers


def test_pages_are_not_kept_by_browsers(tmp_path: Path) -> None:
    assert client(tmp_path).get("/connect/datev/client").headers["Cache-Control"] == "no-store"


def test_behind_https_browsers_are_told_to_stay_there(tmp_path: Path) -> None:
    headers = client(tmp_path, "https://connector.example").get("/healthz").headers
    assert headers["Strict-Transport-Security"] == "max-age=31536000"


def test_only_the_form_of_a_login_may_lead_to_other_hosts(tmp_path: Path) -> None:
    web = client(tmp_path, DATEV_LOGIN_BASE_URL="http://127.0.0.1:7000/datev/openid")

    def allowed(path: str) -> str:
        with web.get(path) as answer:
            return answer.headers["Content-Security-Policy"].partition("form-action ")[2]

    logins = "'self' https: http://127.0.0.1:7000 https://oauth.pipedrive.com"
    elsewhere = ("/", "/healthz", "/nothing", "/desk/login", "/static/pages.css", "/connect/nobody")
    assert dict.fromkeys(elsewhere, "'self'") == {path: allowed(path) for path in elsewhere}
    assert [logins, logins] == [allowed("/connect/datev?ticket=x"), allowed("/connect/datev/client")]


def test_an_unknown_address_is_a_page_for_people_and_json_for_programs(tmp_path: Path) -> None:
    web = client(tmp_path)
    page = web.get("/nothing", headers=HTML)
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "Seite nicht gefunden" in page.get_data(as_text=True)
    assert "Page not found" in page.get_data(as_text=True)
    answer = web.get("/nothing", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["error"]) == (404, "Page not found")


def test_a_wrong_method_names_the_right_one(tmp_path: Path) -> None:
    answer = client(tmp_path).get("/webhooks/pipedrive/acme")
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_bug_shows_an_id_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("webapp.logins.connecting.choice", broken)
    answer = client(tmp_path).get("/connect/datev/client", headers=HTML)
    text = answer.get_data(as_text=True)
    assert answer.status_code == 500
    assert "Unerwarteter Fehler" in text
    assert "hunter2" not in text
    assert "Traceback" not in text


def test_metrics_want_the_token_where_one_is_set(tmp_path: Path) -> None:
    web = client(tmp_path, MLC_METRICS_TOKEN="s3cret")
    for given in ("", "s3cret", "Bearer wrong", "Bearer s3cret ä"):
        assert web.get("/metrics", headers={"Authorization": given}).status_code == 403, given


def test_pages_load_nothing_from_elsewhere() -> None:
    folder = Path(create_app.__code__.co_filename).parent
    for page in (*folder.glob("templates/*.html"), *folder.glob("static/*.css")):
        text = page.read_text()
        assert "http://" not in text, page
        assert "https://" not in text, page
        assert "style=" not in text, f"{page}: the policy forbids inline styles"
