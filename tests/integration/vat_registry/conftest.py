"""The registries as a test needs them."""

from collections.abc import Iterator

import pytest

from tests.integration.vat_registry.fake_registry import FakeRegistry, running_registry


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    """Both registries on a free port."""
    with running_registry() as running:
        yield running
