"""A file that a person names to be brought in, whatever it turns out to be."""

from pathlib import Path

from connector.errors import DataError, Problem
from connector.tenants.small_files import FileTooLargeError, read_small_file

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes. All rates since 1999 have some 10 MB; a list of as many accounts as there are, 99,999, some 30."""


def read_given_file(path: Path, largest: int = LARGEST_FILE) -> bytes:
    """The file's bytes: neither a pipe is waited for, nor a device read until the memory is full.

    :raises DataError: it cannot be read, is no regular file, or is larger than any that could be meant.
    """
    try:
        return read_small_file(path, largest)
    except OSError as e:
        raise _refused("file_unreadable", path, e.strerror or "it cannot be opened") from e
    except FileTooLargeError as e:
        raise _refused("file_too_large", path, f"it has more than {largest // 1024 // 1024} MiB") from e


def _refused(code: str, path: Path, why: str) -> DataError:
    return DataError(
        [Problem(code, f"The file {path} cannot be read: {why}.", "", "Name the file to be brought in.")]
    )
