"""What one worker process owns: its log, its services, and their end."""

import gc
from dataclasses import replace
from functools import cache
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from celery.signals import setup_logging, worker_init, worker_process_init, worker_process_shutdown

from connector import log
from connector import settings as environment
from connector.pipeline.services import Services, open_services
from connector.runtime.priority import step_back


@cache
def services() -> Services:
    """This process's services, opened on first use: after the fork, never shared across it."""
    return replace(open_services(environment.load()), interruptions=(SoftTimeLimitExceeded,))


@setup_logging.connect
def _configure_log(**_kwargs: Any) -> None:
    settings = environment.load()
    log.configure(level=settings.log_level, fmt=settings.log_format)


@worker_init.connect
def _step_back(**_kwargs: Any) -> None:
    step_back()


@worker_process_init.connect
def _leave_alone_what_is_loaded(**_kwargs: Any) -> None:
    """The collector would walk through all modules again and again, in the middle of a step."""
    gc.freeze()


@worker_process_shutdown.connect
def _close(**_kwargs: Any) -> None:
    if services.cache_info().currsize:
        services().database.close()
