"""Runs the demo: starts everything, plays the scenario, stops everything."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from connector import log
from connector import settings as environment_settings
from connector.demo.desk import DeskLogin, let_in
from connector.demo.patience import InterruptedDemoError, Patience
from connector.demo.play import Ending, Play
from connector.demo.stage import Stage
from connector.demo.telling import Teller
from connector.pipeline.services import open_services
from connector.runtime import given_redis, processes
from connector.runtime.servers import ensure
from connector.runtime.signals import StopRequests
from connector.runtime.specs import Event, EventKind, ProcessSpec
from connector.runtime.supervisor import StartFailedError, Supervisor
from connector.runtime.up import flower_login_file

ENDED_BY_SIGNAL = 128
"""A shell adds the signal's number to this: 130 for Ctrl-C, 143 for SIGTERM."""

SAID_EVENTS = (EventKind.DIED, EventKind.KILLED, EventKind.LEFTOVER)


def run_demo(
    environ: Mapping[str, str], var_dir: Path, *, once: bool, say: Callable[[str], None] = print
) -> int:
    """Play the demo.

    :param once: end after the deals have ended, instead of staying up until Ctrl-C.
    :returns: the exit code: 0 if every deal ended where it should, 1 if not; if Ctrl-C or SIGTERM came
        before that was known, 130 or 143, once everything is stopped.
    :raises ConfigurationError: the given Redis is unusable, or something does not start; everything is
        stopped again.
    """
    log.configure(level="ERROR", fmt="text")
    given_redis.require_usable(environ.get("REDIS_URL", "").strip())
    teller = Teller(say)
    with StopRequests() as stop:
        try:
            ending = _run(environ, var_dir, stop, teller, once=once)
        except InterruptedDemoError:
            ending = None
        except StartFailedError:
            if not stop.asked.is_set():
                raise
            ending = None
    if ending is None:
        teller.live("Interrupted; everything is stopped.")
        return ENDED_BY_SIGNAL + (stop.asked_by or signal.SIGINT)
    teller.live("Everything is stopped.")
    return ending.exit_code


def _run(
    environ: Mapping[str, str], var_dir: Path, stop: StopRequests, teller: Teller, *, once: bool
) -> Ending:
    def tell(event: Event) -> None:
        if event.kind in SAID_EVENTS:
            teller.live(f"[{event}]")

    _say_ignored(environ, teller)
    teller.live("Starting PostgreSQL, Valkey, web, workers, beat, Flower and the sandbox …")
    with ensure(environ, var_dir, exclusive=True, on_event=tell, say=teller.live) as servers:
        stages: list[Stage] = []

        def table() -> list[ProcessSpec]:
            stage = Stage.set_up(environ, var_dir, servers.environment)
            stages.append(stage)
            return processes.specs(stage.values, stage.ports)

        supervisor = Supervisor(table, var_dir, on_event=tell)
        stop.forward_to(supervisor)
        try:
            supervisor.start()
            (stage,) = stages
            patience = Patience(stop.asked.is_set)
            login = _let_in(environ, stage, patience)
            _say_addresses(stage, environ, var_dir, login, teller)
            ending = _play(environ, stage, teller, patience)
            if not once:
                _say_addresses(stage, environ, var_dir, login, teller)
                teller.plain("Everything stays up until Ctrl-C.")
                supervisor.wait()
            teller.plain()
            teller.live("Stopping everything …")
        finally:
            supervisor.stop()
    return ending


def _play(environ: Mapping[str, str], stage: Stage, teller: Teller, patience: Patience) -> Ending:
    services = open_services(environment_settings.load({**environ, **stage.values}))
    try:
        return Play(services, stage, teller, patience).run()
    finally:
        services.database.close()


def _let_in(environ: Mapping[str, str], stage: Stage, patience: Patience) -> DeskLogin:
    services = open_services(environment_settings.load({**environ, **stage.values}))
    try:
        return patience.call(lambda: let_in(services))
    finally:
        services.database.close()


OWN_PORTS = ("MLC_WEB_BIND", "FLOWER_PORT")
"""Settings of ``up`` that the demo leaves alone, so that it runs beside anything."""


def _say_ignored(environ: Mapping[str, str], teller: Teller) -> None:
    given = [name for name in OWN_PORTS if environ.get(name, "").strip()]
    if given:
        verb = "does" if len(given) == 1 else "do"
        teller.live(f"The demo takes free ports of its own: {' and '.join(given)} {verb} not count here.")


def _say_addresses(
    stage: Stage, environ: Mapping[str, str], var_dir: Path, desk: DeskLogin, teller: Teller
) -> None:
    given = environ.get("FLOWER_BASIC_AUTH", "").strip()
    flower = "in FLOWER_BASIC_AUTH" if given else f"user:password are in {flower_login_file(var_dir)}"
    teller.plain()
    teller.plain(f"  Web      {stage.ports.web_url}")
    teller.plain(f"  Desk     {stage.ports.web_url}/desk/  (name {desk.login}, password {desk.password})")
    teller.plain(f"  Flower   {stage.ports.flower_url}  ({flower})")
    teller.plain(f"  Sandbox  {stage.ports.sandbox_url}  (what arrives at Pipedrive and DATEV)")
    teller.plain()
