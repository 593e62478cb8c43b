"""Reading a small file that a person named, whatever it turns out to be."""

import errno
import os
import stat
from pathlib import Path


class FileTooLargeError(Exception):
    """The file is larger than anything that could be meant."""


def read_small_file(path: Path, largest: int) -> bytes:
    """The file's bytes.

    A pipe would be waited for without end, a device read until the memory is full: regular files only.

    :param largest: bytes; no more than these are ever read.
    :raises OSError: it cannot be opened or read, or is no regular file.
    :raises FileTooLargeError: it has more bytes.
    """
    try:
        # Without O_NONBLOCK the opening itself would wait for somebody to write into a pipe.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except ValueError as e:
        raise OSError(errno.EINVAL, "its name holds a character that no name may hold") from e
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file")
        content = file.read(largest + 1)
    if len(content) > largest:
        raise FileTooLargeError
    return content
