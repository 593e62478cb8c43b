"""The Redis that an operator names, asked before anything starts."""

from pathlib import Path

import pytest

from connector.demo.run import run_demo
from connector.errors import ConfigurationError
from connector.runtime import up
from connector.runtime.given_redis import is_too_old, require_usable


def test_a_usable_server_is_taken_and_nothing_is_left_on_it(valkey_url: str) -> None:
    require_usable(valkey_url)
    require_usable("")


def test_a_database_that_the_server_does_not_have_is_refused(valkey_url: str) -> None:
    address = f"{valkey_url.rpartition('/')[0]}/700"

    with pytest.raises(ConfigurationError, match=r"refuses to work for us: .*out of range") as caught:
        require_usable(address)

    assert ("redis_unusable", "REDIS_URL") == (caught.value.code, caught.value.field)
    assert "the number of a database that the server has" in caught.value.cure
    assert "@" not in caught.value.message


def test_a_wrong_password_is_refused_without_showing_it() -> None:
    with pytest.raises(ConfigurationError, match=r"127\.0\.0\.1:1/0 is not reached") as caught:
        require_usable("redis://:very-secret@127.0.0.1:1/0")
    assert "very-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("4.0.14", True), ("5.0.0", False), ("7.2.4", False), ("10.1.0", False), ("", False)],
)
def test_a_version_without_what_our_scripts_need_is_too_old(version: str, expected: bool) -> None:
    assert expected == is_too_old(version)


def test_demo_and_up_refuse_it_before_they_start_anything(valkey_url: str, tmp_path: Path) -> None:
    environ = {"REDIS_URL": f"{valkey_url.rpartition('/')[0]}/700"}

    with pytest.raises(ConfigurationError, match="out of range"):
        run_demo(environ, tmp_path, once=True)
    with pytest.raises(ConfigurationError, match="out of range"):
        up.run(environ, tmp_path)
    assert [] == list(tmp_path.iterdir())
