"""The key file while it is rotated: read again by who has it open, and still its owner's."""

import os
from pathlib import Path

import pytest

from connector.errors import ConfigurationError
from connector.vault import KeyFile, Vault, generate_key, prepend_key

NOBODY = 65534


def test_a_changed_file_is_read_again_by_an_open_vault(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    file = KeyFile(path)
    running = Vault(file.keys(), reread=file.reread)
    earlier = running.encrypt("earlier")
    new = generate_key()

    prepend_key(path, new)

    assert "written with the new key" == running.decrypt(Vault([new]).encrypt("written with the new key"))
    assert Vault([new]).is_current(running.encrypt("x"))
    assert "earlier" == running.decrypt(earlier)
    assert not running.is_current(earlier)


def test_a_file_that_is_gone_broken_or_open_to_others_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    file = KeyFile(path)
    running = Vault(file.keys(), reread=file.reread)
    token = running.encrypt("kept")

    path.write_text("no key\n")
    assert "kept" == running.decrypt(token)
    path.write_text(f"{generate_key()}\n")
    path.chmod(0o644)
    assert "kept" == running.decrypt(token)
    path.unlink()
    assert "kept" == running.decrypt(token)


def test_a_key_that_left_the_file_still_reads_what_this_process_holds(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    file = KeyFile(path)
    running = Vault(file.keys(), reread=file.reread)
    token = running.encrypt("kept")

    path.unlink()
    KeyFile(path).keys()

    assert "kept" == running.decrypt(token)


def test_without_a_file_to_read_again_a_strange_token_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be decrypted"):
        Vault([generate_key()]).decrypt(Vault([generate_key()]).encrypt("x"))


def test_a_new_key_goes_in_front_and_the_file_stays_private(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    (earlier,) = KeyFile(path).keys()
    new = generate_key()

    prepend_key(path, new)

    assert (new, earlier) == KeyFile(path).keys()
    assert 0o600 == path.stat().st_mode & 0o777
    assert ["keys"] == [item.name for item in tmp_path.iterdir()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_file_stays_the_services_own_when_root_rotates(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    KeyFile(path).keys()
    os.chown(path, NOBODY, NOBODY)

    prepend_key(path, generate_key())

    assert (NOBODY, NOBODY) == (path.stat().st_uid, path.stat().st_gid)
