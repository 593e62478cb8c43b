"""Under which user a server runs that refuses to run as root (PostgreSQL does).

Three ways, tried in this order:

1. *plain*: we are an ordinary user with a name (``initdb`` looks up its user's and gives up without one).
2. *namespace*: ``unshare --user`` shows the server an ordinary user number while its files stay ours. Needs
   nothing but the kernel's permission, which container engines often withhold by seccomp.
3. *nobody*: root changes to the unprivileged user. That user must be able to walk to the programs and to the
   data; where it cannot, both are kept in a folder of their own under /var/tmp, and we say so.

Each way is tried by running ``postgres --version`` through it and asking whether the data folder can be
written, because asking the kernel beats guessing from its settings.
"""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from connector.errors import ConfigurationError
from connector.runtime.folders import PASSABLE_FOLDER

NOBODY = 65534
"""The unprivileged user of every Linux distribution; also named in /etc/passwd, which ``initdb`` wants."""

ELSEWHERE = Path("/var/tmp")  # noqa: S108 - our folder in it is checked for its owner, see _own_folder
"""Survives a reboot, unlike /tmp; every user can walk to it."""

_TRIAL_TIMEOUT_S = 10
"""Starting a program that prints its version takes milliseconds; ten seconds is a hung file system."""

_BECOME = "import os,sys;os.setgroups([]);os.setgid({0});os.setuid({0});os.execv(sys.argv[1],sys.argv[1:])"
"""Changes the user for good, then becomes the server: works where setpriv and su are missing."""


@dataclass(frozen=True, slots=True)
class Account:
    """A way to run the server, with the folders that this way can reach."""

    kind: str
    prefix: tuple[str, ...]
    """What goes before the program on the command line."""
    programs: Path
    data: Path
    owner: int | None = None
    """The user who must own the data; None: whoever makes them."""


def choose(programs: Path, data: Path, say: Callable[[str], None]) -> Account:
    """The first way that works for running ``programs/bin/postgres`` on ``data`` (which may not exist yet).

    :raises ConfigurationError: where none does.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    for account in _candidates(programs, data, say):
        if _works(account):
            return account
    raise ConfigurationError(
        f"PostgreSQL cannot be started here as user number {os.geteuid()}.",
        code="no_account_for_postgres",
        cure="Run as an ordinary user named in /etc/passwd, or set DATABASE_URL to a server of your own.",
    )


def _candidates(programs: Path, data: Path, say: Callable[[str], None]) -> Iterator[Account]:
    namespace = Account("namespace", _namespace_prefix(), programs, data)
    if os.geteuid() != 0:
        yield Account("plain", (), programs, data) if _has_name(os.geteuid()) else namespace
        return
    elsewhere = _elsewhere(data)
    # Where an earlier start had to go elsewhere, its data are the data, also if the usual place works now.
    if (data / "PG_VERSION").exists() or not (elsewhere / "PG_VERSION").exists():
        yield namespace
        yield Account("nobody", _nobody_prefix(), programs, data, owner=NOBODY)
        within_reach = _copied(programs)
        yield Account("nobody", _nobody_prefix(), within_reach, data, owner=NOBODY)
    else:
        within_reach = _copied(programs)
    _own_folder(elsewhere.parent)
    say(
        f"PostgreSQL keeps its data in {elsewhere}, because it may not run as root "
        f"and its own user cannot reach {data.parent}."
    )
    yield Account("nobody", _nobody_prefix(), within_reach, elsewhere, owner=NOBODY)


def _namespace_prefix() -> tuple[str, ...]:
    number = str(NOBODY if _has_name(NOBODY) else 1000)
    return ("unshare", "--user", f"--map-user={number}", f"--map-group={number}", "--")


def _nobody_prefix() -> tuple[str, ...]:
    # -I: neither the current folder nor the environment may slip code into this root process.
    return (sys.executable, "-I", "-S", "-c", _BECOME.format(NOBODY))


def _has_name(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _works(account: Account) -> bool:
    """Whether the programs start and the data can be reached this way."""
    if account.prefix and shutil.which(account.prefix[0]) is None:
        return False
    existed = account.data.exists()
    give(account)
    trial = account.data / "PG_VERSION" if (account.data / "PG_VERSION").exists() else account.data
    reached = _succeeds([*account.prefix, "/usr/bin/env", "test", "-w", str(trial)])
    works = reached and _succeeds([*account.prefix, str(account.programs / "bin" / "postgres"), "--version"])
    if not works and not existed:
        account.data.rmdir()
    return works


def give(account: Account) -> None:
    """Make the data folder and hand it to the account's user, with all that is in it.

    An earlier start may have used another way (a container once with and once without namespaces), hence the
    change of owner also back to us.
    """
    account.data.mkdir(mode=0o700, exist_ok=True)
    wanted = os.geteuid() if account.owner is None else account.owner
    if account.owner is not None:
        account.data.parent.chmod(PASSABLE_FOLDER)
    if os.geteuid() != 0 or account.data.stat().st_uid == wanted:
        return
    for folder, folders, files in os.walk(account.data):
        for name in (".", *folders, *files):
            os.chown(Path(folder) / name, wanted, wanted, follow_symlinks=False)


def _succeeds(command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_TRIAL_TIMEOUT_S,
            check=False,
            cwd="/",
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _elsewhere(data: Path) -> Path:
    """Where the data go that the unprivileged user cannot reach in their usual place."""
    name = hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:16]
    return ELSEWHERE / f"ml-connector-{name}" / data.name


def _copied(programs: Path) -> Path:
    """A copy of the programs where every user can walk to; made once for each version of them."""
    server = (programs / "bin" / "postgres").stat()
    copy = ELSEWHERE / f"ml-connector-programs-{server.st_size}-{server.st_mtime_ns}"
    # The programs find their libraries beside the package, so the layout is copied as it is in the wheel.
    package = programs.parent.name
    if not copy.exists():
        scratch = Path(tempfile.mkdtemp(dir=ELSEWHERE, prefix="ml-connector-programs.new-"))
        shutil.copytree(programs, scratch / package / programs.name, symlinks=True)
        for libraries in programs.parent.parent.glob(f"{package}.libs"):
            shutil.copytree(libraries, scratch / libraries.name)
        for parent in (scratch, scratch / package):
            parent.chmod(0o755)
        scratch.rename(copy)
    return _own_folder(copy) / package / programs.name


def _own_folder(folder: Path) -> Path:
    """Our folder in a place where everyone may make folders: refused unless it is really ours."""
    try:
        folder.mkdir(mode=PASSABLE_FOLDER)
        folder.chmod(PASSABLE_FOLDER)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise ConfigurationError(
                f"{folder} exists and belongs to somebody else.",
                code="foreign_folder",
                cure="Remove it, or set DATABASE_URL to a server of your own.",
            ) from None
    return folder
