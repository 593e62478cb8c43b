"""Unit tests open no sockets: what needs one is an integration test."""

import pytest
from pytest_socket import disable_socket, enable_socket


@pytest.fixture(autouse=True)
def _no_sockets():
    """Make opening a socket an error for the time of one test."""
    disable_socket()
    yield
    enable_socket()
