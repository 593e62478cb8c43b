"""Where the demo plays: ports and secrets of its processes, known once the folder is ours."""

import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from connector.demo.sandbox import environment
from connector.runtime import ports
from connector.runtime.folders import read_record, write_record
from connector.runtime.processes import Ports
from connector.runtime.up import flower_login

TIME_SCALE = "0.1"
"""Timers run ten times as fast: the first look at DATEV comes after half a second instead of five."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Ports and environment of one demo."""

    ports: Ports
    values: Mapping[str, str]
    """The environment of all processes, and of the demo itself where it acts for them. Holds secrets."""

    def __repr__(self) -> str:
        return f"Stage(ports={self.ports})"

    @classmethod
    def set_up(cls, environ: Mapping[str, str], var_dir: Path, servers: Mapping[str, str]) -> Self:
        """Choose what is not given. Call it when nothing of an earlier demo holds the ports any more."""
        chosen = _settled_ports(var_dir)
        return cls(
            chosen,
            {
                **servers,
                "MLC_VAR_DIR": str(var_dir.absolute()),
                **({"MLC_KEY_FILE": key_file} if (key_file := environ.get("MLC_KEY_FILE", "")) else {}),
                "MLC_PUBLIC_URL": chosen.web_url,
                "MLC_TIME_SCALE": environ.get("MLC_TIME_SCALE", TIME_SCALE),
                "FLOWER_BASIC_AUTH": flower_login(environ, var_dir),
                "DEMO_PIPEDRIVE_TOKEN": secrets.token_hex(20),
                "DEMO_SIGNATURE_KEY": secrets.token_urlsafe(24),
                **environment(chosen.sandbox_url, pipedrive_secret=secrets.token_urlsafe(24)),
            },
        )


def _settled_ports(var_dir: Path) -> Ports:
    """The ports of the last demo, another one for each that somebody took meanwhile.

    Kept because the sandbox remembers where its webhooks go: what an interrupted demo did not deliver arrives
    in the next one.
    """
    path = var_dir / "run" / "demo.ports.json"
    kept = read_record(path)
    chosen: dict[str, int] = {}
    for name in ("web", "flower", "sandbox"):
        chosen[name] = ports.kept_port(kept.get(name), chosen.values())
    settled = Ports(**chosen)
    write_record(path, asdict(settled))
    return settled
