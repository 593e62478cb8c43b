"""The tenant on the road, as in the tests of the pipeline."""

from tests.integration.pipeline.conftest import carriage, clock, dxso, sandbox, sandbox_url, services

__all__ = ["carriage", "clock", "dxso", "sandbox", "sandbox_url", "services"]
