"""How long the receiver remembers what a tenant's deliveries must prove."""

from webapp.credentials import KEPT_FOR_S, MOST_KEPT, CredentialCache


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_tenant_is_read_again_after_a_few_seconds() -> None:
    read: list[str] = []
    clock = _Clock()
    cache = CredentialCache(read.append, clock)  # type: ignore[arg-type]
    for clock.now in (0.0, KEPT_FOR_S - 0.1, KEPT_FOR_S, KEPT_FOR_S + 0.1):
        cache.get("acme")
    assert read == ["acme", "acme"]


def test_an_unknown_tenant_is_remembered_like_a_known_one() -> None:
    read: list[str] = []
    cache = CredentialCache(read.append, _Clock())  # type: ignore[arg-type]
    assert cache.get("nobody") is None
    assert cache.get("nobody") is None
    assert read == ["nobody"]


def test_what_cannot_be_a_tenant_key_never_reaches_the_database() -> None:
    read: list[str] = []
    cache = CredentialCache(read.append, _Clock())  # type: ignore[arg-type]
    for key in ("", "ACME", "a b", "a\x00", "-a", "a" * 41, "ä", "acme\n"):
        assert cache.get(key) is None
    assert read == []


def test_invented_keys_do_not_fill_the_memory() -> None:
    cache = CredentialCache(lambda _key: None, _Clock())
    for number in range(MOST_KEPT + 50):
        cache.get(f"k{number}")
    assert len(cache._kept) == MOST_KEPT
