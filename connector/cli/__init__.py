"""``ml-connector``: the command line for whoever runs the product."""

from connector.cli.main import main

__all__ = ["main"]
