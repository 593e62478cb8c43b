"""Secrets at rest, and the file that their keys live in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from connector.errors import ConfigurationError, SettingsError
from connector.vault import Vault, generate_key, load_or_create_key_file, prepend_key

OLD, NEW = generate_key(), generate_key()
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def test_a_secret_comes_back_and_is_not_legible_in_between() -> None:
    vault = Vault([NEW])

    token = vault.encrypt("geheim-€")

    assert b"geheim" not in token
    assert vault.decrypt(token) == "geheim-€"


def test_a_database_may_hand_the_bytes_back_as_a_memoryview() -> None:
    vault = Vault([NEW])

    assert vault.decrypt(memoryview(vault.encrypt("x"))) == "x"  # type: ignore[arg-type]


def test_the_same_secret_never_looks_the_same_twice() -> None:
    vault = Vault([NEW])

    assert vault.encrypt("x") != vault.encrypt("x")


def test_what_an_earlier_key_wrote_can_still_be_read() -> None:
    assert Vault([NEW, OLD]).decrypt(Vault([OLD]).encrypt("x")) == "x"


def test_after_rotation_the_earlier_key_is_no_longer_needed() -> None:
    rotated = Vault([NEW, OLD]).rotate(Vault([OLD]).encrypt("x"))

    assert Vault([NEW]).decrypt(rotated) == "x"


@pytest.mark.parametrize("use", ["decrypt", "rotate"])
def test_a_lost_key_is_told_with_the_cure(use: str) -> None:
    token = Vault([OLD]).encrypt("x")

    with pytest.raises(ConfigurationError) as caught:
        getattr(Vault([NEW]), use)(token)

    assert caught.value.code == "encryption_key_lost"
    assert "MLC_ENCRYPTION_KEYS" in caught.value.cure


def test_a_changed_token_is_refused() -> None:
    token = bytearray(Vault([NEW]).encrypt("x"))
    token[20] ^= 1

    with pytest.raises(ConfigurationError):
        Vault([NEW]).decrypt(bytes(token))


def test_wrong_keys_are_told_by_position_and_never_shown() -> None:
    with pytest.raises(SettingsError) as caught:
        Vault([NEW, "wrong-key", "schlüssel"])

    messages = [problem.message for problem in caught.value.problems]
    assert [f"Encryption key number {n}" in messages[n - 2] for n in (2, 3)] == [True, True]
    assert "wrong-key" not in str(caught.value.problems)


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(SettingsError, match="No encryption key is set"):
        Vault([])


def test_the_vault_shows_no_key() -> None:
    assert NEW not in repr(Vault([NEW]))


def test_the_key_file_is_made_on_first_start_for_this_user_alone(tmp_path: Path) -> None:
    path = tmp_path / "private" / "keys"

    first = load_or_create_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o077 == 0
    assert first == load_or_create_key_file(path)
    assert Vault(first).decrypt(Vault(first).encrypt("x")) == "x"
    assert list(path.parent.iterdir()) == [path]


def test_a_key_file_that_others_may_read_is_refused_with_the_command_that_mends_it(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(NEW)
    path.chmod(0o640)

    with pytest.raises(SettingsError, match=r"may be read by others \(mode 640\)") as caught:
        load_or_create_key_file(path)
    assert caught.value.cure == f"chmod 600 {path}"


def test_an_empty_key_file_is_never_filled_anew(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.touch(0o600)

    with pytest.raises(SettingsError, match="is empty"):
        load_or_create_key_file(path)
    assert path.read_text() == ""


def test_a_new_key_goes_first_and_the_earlier_ones_stay(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    (earlier,) = load_or_create_key_file(path)

    prepend_key(path, NEW)

    assert load_or_create_key_file(path) == (NEW, earlier)
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_legible_for_a_while_is_not_legible_afterwards() -> None:
    vault, lifetime = Vault([NEW, OLD]), timedelta(minutes=5)
    token = Vault([OLD]).encrypt_at("geheim-€", now=NOON)

    assert vault.decrypt_within(token, lifetime, now=NOON + lifetime) == "geheim-€"
    assert vault.decrypt_within(token, lifetime, now=NOON + lifetime + timedelta(seconds=1)) is None


@pytest.mark.parametrize(
    "token",
    [b"", b"\xff", b"gAAAAA", Vault([OLD]).encrypt_at("x", now=NOON)],
    ids=["empty", "no text", "cut short", "of another key"],
)
def test_what_somebody_else_wrote_is_no_reason_to_look_for_a_key(token: bytes) -> None:
    assert Vault([NEW]).decrypt_within(token, timedelta(minutes=5), now=NOON) is None
