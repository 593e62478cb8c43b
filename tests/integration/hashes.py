"""Passwords hashed in no time: the product's cost parameters are meant to take long."""

import pytest
from argon2 import PasswordHasher

from connector.pipeline.desk import passwords


def cheapen(monkeypatch: pytest.MonkeyPatch) -> None:
    """For one test."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)
    monkeypatch.setattr(passwords, "_NOBODYS", cheap.hash("nobody's"))
