"""What holds for all tests."""

import os

import structlog
from hypothesis import HealthCheck, settings

# How long an example takes says something about the machine and its other work, nothing about the product.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# The OAuth library's own switch: the sandbox's login pages are on this machine and have no TLS.
os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")

# Where nothing has configured the logs, structlog draws all variables of all frames, for seconds.
for _processor in structlog.get_config()["processors"]:
    if isinstance(_processor, structlog.dev.ConsoleRenderer):
        _processor.exception_formatter = structlog.dev.plain_traceback
