"""A tenant with kept logins at the sandbox, and access tokens that are about to end."""

from tests.integration.webapp.conftest import browser, clock, person, sandbox, services, tenant

__all__ = ["browser", "clock", "person", "sandbox", "services", "tenant"]
