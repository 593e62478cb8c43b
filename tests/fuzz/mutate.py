"""Damage: bytes of a sound sample changed as a bad disk, a careless program or a malicious person would."""

import random
from collections.abc import Callable, Sequence

DICTIONARY = (
    *(b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\r", b"\n", b"\r\n", b"\t", b'"', b'""', b";", b","),
    *(b"<", b">", b"&", b"&a;", b"<!DOCTYPE a>", b"<!--", b"]]>", b"<![CDATA[", b"<?x?>", b'xmlns=""'),
    *(b"{", b"}", b"[", b"]", b"[[", b"null", b"true", b"NaN", b"1e999", b"1e-999", b"-0", b"\\ud800"),
    *(
        b"\\u0000",
        b"-1",
        b"0",
        b"9" * 30,
        b"9" * 5000,
        b"0x7f",
        b"0,00",
        b"1.000,00",
        b"\xc3",
        b"\xe2\x80\xae",
    ),
    *(b"9999-12-31", b"0001-01-01T00:00:00+14:00", b"2026-02-30", b"=1+1", b"PK\x03\x04", b"PK\x05\x06"),
    *(b"../", b"..\\", b"/etc/passwd", b"file:///etc/passwd", b"'''", b'"""', b"a.b.c = 1\n", b"[[a]]\n"),
)
"""Pieces at which parsers have stumbled."""

MOST_CHANGES = 4

Change = Callable[[random.Random, bytes], bytes]


def damaged(rng: random.Random, samples: Sequence[bytes]) -> bytes:
    """One of the samples with one to four changes."""
    content = rng.choice(samples)
    for _number in range(rng.randint(1, MOST_CHANGES)):
        content = rng.choice(_CHANGES)(rng, content)
    return content


def _span(rng: random.Random, content: bytes, most: int) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.randint(1, most))


def _flip(rng: random.Random, content: bytes) -> bytes:
    if not content:
        return content
    place = rng.randrange(len(content))
    return content[:place] + bytes([content[place] ^ (1 << rng.randrange(8))]) + content[place + 1 :]


def _remove(rng: random.Random, content: bytes) -> bytes:
    start, end = _span(rng, content, 60)
    return content[:start] + content[end:]


def _repeat(rng: random.Random, content: bytes) -> bytes:
    start, end = _span(rng, content, 200)
    return content[:end] + content[start:end] * rng.choice((1, 2, 50)) + content[end:]


def _swap(rng: random.Random, content: bytes) -> bytes:
    (a, b), (c, d) = sorted((_span(rng, content, 40), _span(rng, content, 40)))
    return content[:a] + content[c:d] + content[b:c] + content[a:b] + content[d:]


def _insert(rng: random.Random, content: bytes) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.choice(DICTIONARY) + content[place:]


def _replace(rng: random.Random, content: bytes) -> bytes:
    start, end = _span(rng, content, 20)
    return content[:start] + rng.choice(DICTIONARY) + content[end:]


def _noise(rng: random.Random, content: bytes) -> bytes:
    place = rng.randint(0, len(content))
    return content[:place] + rng.randbytes(rng.randint(1, 30)) + content[place:]


def _cut(rng: random.Random, content: bytes) -> bytes:
    return content[: rng.randint(0, len(content))]


_CHANGES: tuple[Change, ...] = (
    _flip,
    _remove,
    _repeat,
    _swap,
    _insert,
    _insert,
    _replace,
    _replace,
    _noise,
    _cut,
)
