"""Which passwords are taken, and how one is recognised."""

import pytest
from argon2 import PasswordHasher

from connector.errors import DataError
from connector.pipeline.desk import passwords
from connector.pipeline.desk.passwords import (
    COMMON,
    LONGEST,
    SHORTEST,
    hash_password,
    is_right,
    stronger_hash,
)

CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes in no time; the real parameters have a test of their own."""
    monkeypatch.setattr(passwords, "_HASHER", CHEAP)
    monkeypatch.setattr(passwords, "_NOBODYS", CHEAP.hash("nobody's"))


def codes(password: str, login: str = "anna@kanzlei.example") -> list[str]:
    with pytest.raises(DataError) as caught:
        hash_password(password, login=login)
    return [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    "password",
    [
        "mein Hund mag Regen",
        "x" * 4 + "yzabcdefg",
        "пароль из слов",
        "密码密码是一个很长的句子",
        "a b c d e f g h",
    ],
)
def test_a_long_password_is_taken_whatever_characters_it_has(password: str) -> None:
    assert is_right(hash_password(password, login="anna"), password)


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", ["password_short", "password_common"]),
        ("Tr0ub4dor&3", ["password_short"]),
        ("a" * 12, ["password_common"]),
        ("abababababab", ["password_common"]),
        ("Passwort1234", ["password_common"]),
        ("Anna@Kanzlei.example", ["password_common"]),
        ("correct horse " * 20, ["password_long"]),
    ],
)
def test_a_password_that_will_not_do_is_refused_with_everything_that_is_wrong(
    password: str, expected: list[str]
) -> None:
    assert expected == codes(password)


def test_the_limits_are_those_of_the_texts() -> None:
    assert (12, 200) == (SHORTEST, LONGEST)
    assert is_right(hash_password("ab c" * 50, login="anna"), "ab c" * 50)
    assert ["password_long"] == codes("ab c" * 50 + "x")


def test_the_list_of_common_ones_holds_only_what_the_length_lets_through() -> None:
    assert {password for password in COMMON if len(password) < SHORTEST} == set()
    assert {password for password in COMMON if password != password.casefold()} == set()


def test_an_umlaut_is_the_same_however_the_keyboard_spells_it() -> None:
    kept = hash_password("schöne Grüße an alle", login="anna")

    assert is_right(kept, "scho\u0308ne Gru\u0308ße an alle")


def test_another_password_is_not_right() -> None:
    kept = hash_password("mein Hund mag Regen", login="anna")

    assert not is_right(kept, "mein Hund mag regen")
    assert not is_right(kept, "")
    assert not is_right(kept, "x" * 1_000_000)


def test_where_there_is_no_password_none_is_right() -> None:
    assert not is_right(None, "nobody's"), "not even the one that is compared with"
    assert not is_right("no hash at all", "x")


def test_two_hashes_of_one_password_differ() -> None:
    assert len({hash_password("mein Hund mag Regen", login="anna") for _time in range(2)}) == 2


def test_a_hash_of_weaker_parameters_is_renewed_and_one_of_todays_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    weak = hash_password("mein Hund mag Regen", login="anna")
    assert stronger_hash(weak, "mein Hund mag Regen") is None

    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    renewed = stronger_hash(weak, "mein Hund mag Regen")

    assert renewed is not None
    assert is_right(renewed, "mein Hund mag Regen")


def test_the_product_hashes_with_argon2id_and_64_mib(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert hash_password("mein Hund mag Regen", login="anna").startswith("$argon2id$v=19$m=65536,t=3,p=4$")
