"""Runs the demo: starts everything, plays the scenario, stops everything."""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from connector import log
from connector import settings as environment_settings
from connector.demo.patience import InterruptedDemoError, Patience
from connector.demo.play import Ending, Play
from connector.demo.sandbox import environment
from connector.demo.telling import Teller
from connector.pipeline.services import open_services
from connector.runtime import ports, processes
from connector.runtime.servers import ensure
from connector.runtime.signals import StopRequests
from connector.runtime.specs import Event, EventKind
from connector.runtime.supervisor import StartFailedError, Supervisor
from connector.runtime.up import flower_login, flower_login_file

TIME_SCALE = "0.1"
"""Timers run ten times as fast: the first look at DATEV comes after half a second instead of five."""

INTERRUPTED = 130
"""As a shell has it for a program that was ended by Ctrl-C."""

SAID_EVENTS = (EventKind.DIED, EventKind.KILLED, EventKind.LEFTOVER)


def run_demo(
    environ: Mapping[str, str], var_dir: Path, *, once: bool, say: Callable[[str], None] = print
) -> int:
    """Play the demo.

    :param once: end after the deals have ended, instead of staying up until Ctrl-C.
    :returns: the exit code: 0 if every deal ended where it should, 1 if not, 130 if Ctrl-C or SIGTERM came
        before that was known.
    :raises ConfigurationError: something does not start; everything is stopped again.
    """
    log.configure(level="ERROR", fmt="text")
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
        return INTERRUPTED
    teller.live("Everything is stopped.")
    return ending.exit_code


def _run(
    environ: Mapping[str, str], var_dir: Path, stop: StopRequests, teller: Teller, *, once: bool
) -> Ending:
    def tell(event: Event) -> None:
        if event.kind in SAID_EVENTS:
            teller.live(f"[{event}]")

    teller.live("Starting PostgreSQL, Valkey, web, workers, beat, Flower and the sandbox …")
    with ensure(environ, var_dir, exclusive=True, on_event=tell, say=teller.live) as servers:
        chosen = _free_ports()
        values = _values(environ, var_dir, chosen, servers.environment)
        supervisor = Supervisor(processes.specs(values, chosen), var_dir, on_event=tell)
        stop.forward_to(supervisor)
        try:
            supervisor.start()
            _say_addresses(chosen, environ, var_dir, teller)
            services = open_services(environment_settings.load({**environ, **values}))
            try:
                ending = Play(services, values, chosen, teller, Patience(stop.asked.is_set)).run()
            finally:
                services.database.close()
            if not once:
                _say_addresses(chosen, environ, var_dir, teller)
                teller.plain("Everything stays up until Ctrl-C.")
                supervisor.wait()
            teller.plain()
            teller.live("Stopping everything …")
        finally:
            supervisor.stop()
    return ending


def _values(
    environ: Mapping[str, str], var_dir: Path, chosen: processes.Ports, servers: Mapping[str, str]
) -> dict[str, str]:
    """The environment of all processes, and of this one where it acts for them."""
    pipedrive_secret = secrets.token_urlsafe(24)
    return {
        **servers,
        "MLC_VAR_DIR": str(var_dir.absolute()),
        "MLC_PUBLIC_URL": chosen.web_url,
        "MLC_TIME_SCALE": environ.get("MLC_TIME_SCALE", TIME_SCALE),
        "FLOWER_BASIC_AUTH": flower_login(environ, var_dir),
        "DEMO_PIPEDRIVE_TOKEN": secrets.token_hex(20),
        "DEMO_SIGNATURE_KEY": secrets.token_urlsafe(24),
        **environment(chosen.sandbox_url, pipedrive_secret=pipedrive_secret),
    }


def _free_ports() -> processes.Ports:
    web = ports.free_port(())
    flower = ports.free_port((web,))
    return processes.Ports(web, flower, ports.free_port((web, flower)))


def _say_addresses(
    chosen: processes.Ports, environ: Mapping[str, str], var_dir: Path, teller: Teller
) -> None:
    given = environ.get("FLOWER_BASIC_AUTH", "").strip()
    login = "in FLOWER_BASIC_AUTH" if given else f"user:password are in {flower_login_file(var_dir)}"
    teller.plain()
    teller.plain(f"  Web      {chosen.web_url}")
    teller.plain(f"  Flower   {chosen.flower_url}  ({login})")
    teller.plain(f"  Sandbox  {chosen.sandbox_url}  (what arrives at Pipedrive and DATEV)")
    teller.plain()
