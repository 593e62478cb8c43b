"""The tenant on the road, as in the tests of the pipeline."""

from tests.integration.pipeline.conftest import carriage, clock, dxso, sandbox, sandbox_url, services
from tests.integration.pipeline.test_parts import parts

__all__ = ["carriage", "clock", "dxso", "parts", "sandbox", "sandbox_url", "services"]
