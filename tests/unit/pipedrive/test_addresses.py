import pytest

from connector.errors import ConfigurationError
from connector.pipedrive.addresses import base_url, operation_url
from connector.settings import PipedriveSettings


def settings(api_base_url: str = "") -> PipedriveSettings:
    return PipedriveSettings(api_base_url, "https://oauth.pipedrive.com", "id", "secret")


def test_a_set_variable_wins_over_everything():
    assert "http://127.0.0.1:8001/pipedrive" == base_url(
        settings("http://127.0.0.1:8001/pipedrive"), "https://a.pipedrive.com", "b"
    )


@pytest.mark.parametrize("suffix", ["/api/v2", "/api/v1", "/v1", "/api", "/"])
def test_a_variable_that_goes_too_far_is_cut_back(suffix):
    assert "https://muster.pipedrive.com" == base_url(
        settings(f"https://muster.pipedrive.com{suffix}"), "", ""
    )


def test_the_login_s_domain_wins_over_the_configured_one():
    assert "https://neu.pipedrive.com" == base_url(settings(), "https://neu.pipedrive.com", "alt")


def test_without_both_the_company_domain_is_used():
    assert "https://muster.pipedrive.com" == base_url(settings(), "", "muster")


@pytest.mark.parametrize(
    "api_domain",
    [
        "http://muster.pipedrive.com",
        "https://pipedrive.com.evil.example",
        "https://evilpipedrive.com",
        "https://pipedrive.com",
        "https://user:secret@muster.pipedrive.com",
        "https://muster.pipedrive.com:8443",
        "https://muster.pipedrive.com/path",
        "https://evil.example/.pipedrive.com",
        "muster.pipedrive.com",
    ],
)
def test_a_foreign_api_domain_never_gets_the_token(api_domain):
    with pytest.raises(ConfigurationError) as caught:
        base_url(settings(), api_domain, "muster")
    assert "api_domain_refused" == caught.value.code


@pytest.mark.parametrize("domain", ["", "muster.evil.example/", "mu ster", "-muster"])
def test_a_company_domain_that_is_none_is_refused(domain):
    with pytest.raises(ConfigurationError) as caught:
        base_url(settings(), "", domain)
    assert "company_domain_invalid" == caught.value.code


@pytest.mark.parametrize(
    ("base", "version", "expected"),
    [
        ("https://muster.pipedrive.com", 2, "https://muster.pipedrive.com/api/v2/deals"),
        ("https://muster.pipedrive.com", 1, "https://muster.pipedrive.com/api/v1/deals"),
        ("https://api.pipedrive.com", 2, "https://api.pipedrive.com/api/v2/deals"),
        ("https://api.pipedrive.com", 1, "https://api.pipedrive.com/v1/deals"),
    ],
)
def test_version_1_has_its_own_path_on_the_general_host(base, version, expected):
    assert expected == operation_url(base, version, "/deals")
