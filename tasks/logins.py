"""Logins: whose end is near is told in time."""

from connector.pipeline.login_expiry import warn_of_ends
from tasks.app import app
from tasks.process import services


@app.task(name="logins.expiry")
def expiry() -> None:
    """Warn of logins that end soon."""
    warn_of_ends(services())
