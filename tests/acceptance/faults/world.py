"""Where a point is tried: the pipeline of one tenant, real PostgreSQL, both partners' sandboxes by HTTP."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from werkzeug.serving import WSGIRequestHandler

from connector import store
from connector.http import HttpClient
from connector.pipedrive import oauth
from connector.pipeline.services import Services
from connector.pipeline.tokens import PIPEDRIVE, sealed_pipedrive
from connector.runtime.servers import ensure
from connector.store import Database, connections, tenants
from connector.store import tables as t
from connector.store.connections import ConnectionKey
from connector.tenants.config import DatevFormat, DocumentConfig, PipedriveAuth
from connector.timers import Timers
from connector.vault import Vault, generate_key
from tests.acceptance.faults.table import Call
from tests.integration.conftest import empty
from tests.integration.pipeline.carriage import Carriage, Sandbox, config_for, settings_for
from tests.integration.pipeline.test_own_pdf import PDF
from tests.integration.serving import served
from tests.integration.webapp.world import MovableClock
from webapp.sandbox import create_app
from webapp.sandbox.datev_login import KEY_ID, signing_key
from webapp.sandbox.state import EXTENSION
from webapp.sandbox.state import Sandbox as SandboxState
from webapp.sandbox.store import Record

DEAL = 7
HASTE = timedelta(seconds=0.8)
"""Deadline of a call that nobody answers, instead of half a minute; all others are answered at once."""

PIPEDRIVE_APP = ("pd-app", "pd-secret", "http://localhost/oauth/pipedrive/callback")
DOCUMENT_TYPE = "Rechnungsausgang"


class HastyServices(Services):
    """Services that wait less for an answer."""

    @property
    def timers(self) -> Timers:  # type: ignore[override]
        """The timers at full scale, but for the deadlines of calls."""
        return replace(super().timers, call=HASTE, upload=HASTE)


class _QuietHandler(WSGIRequestHandler):
    """Callers that hang up are what is tried here: no news."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - the parent's name
        """Nothing."""

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """Nothing either."""


@dataclass(frozen=True)
class World:
    """Servers that all points of one process share, one after the other."""

    database_url: str
    sandbox_url: str
    sandbox_state: SandboxState
    var_dir: Path

    @contextmanager
    def carriage(self, call: Call, *, slow: bool) -> Iterator[Carriage]:
        """An empty database, both partners set up anew, and a connected tenant on the call's road."""
        empty(self.database_url)
        sandbox, clock = Sandbox(self.sandbox_url), MovableClock()
        key = signing_key_record(self.sandbox_state)
        sandbox.set_up()
        # Making another key takes longer than most points.
        self.sandbox_state.store.put("dv_key", KEY_ID, key)
        sandbox.seed(persons=[{"id": 1, "name": "Erika Muster"}], products=[{"id": 1, "name": "Workshop"}])
        settings = settings_for(self.database_url, self.sandbox_url, str(self.var_dir))
        pipedrive = replace(
            settings.pipedrive,
            oauth_base_url=f"{self.sandbox_url}/pipedrive/oauth-host",
            client_id=PIPEDRIVE_APP[0],
            client_secret=PIPEDRIVE_APP[1],
        )
        kind = HastyServices if slow else Services
        database = Database(self.database_url)
        services = kind(replace(settings, pipedrive=pipedrive), database, Vault([generate_key()]), clock)
        carriage = Carriage(services, sandbox, clock)
        try:
            self._connect(carriage, call)
            yield carriage
        finally:
            database.close()

    def _connect(self, carriage: Carriage, call: Call) -> None:
        fmt = DatevFormat(call.road)
        changes: dict[str, Any] = {}
        if call.setting == "document_type":
            changes["documents"] = DocumentConfig(document_type=DOCUMENT_TYPE)
        config = config_for(fmt, **changes)
        if call.setting == "pipedrive_oauth":
            config = replace(config, pipedrive=replace(config.pipedrive, auth=PipedriveAuth.OAUTH))
        carriage.apply(config)
        carriage.connect(fmt)
        if call.setting == "pipedrive_oauth":
            connect_pipedrive(carriage)
            carriage.let_pass(timedelta(minutes=61))
            # DATEV's login has aged as well; this point is about Pipedrive's.
            connect_datev(carriage, fmt)
        if call.setting == "datev_login_old":
            carriage.let_pass(timedelta(minutes=20))
        if call.setting == "dxso_partly":
            carriage.sandbox.control("datev/settings", dxso_status=4)


def connect_datev(carriage: Carriage, fmt: DatevFormat) -> None:
    """Log in to DATEV; the login begins on the moved clock, not on the machine's."""
    carriage.connect(fmt)
    with carriage.services.database.transaction() as tx:
        begins = t.connection.c.access_expires_at + carriage.clock.offset
        tx.execute(
            t.connection.update().where(t.connection.c.partner == "datev").values(access_expires_at=begins)
        )


def connect_pipedrive(carriage: Carriage) -> None:
    """Log in to Pipedrive by OAuth, as a person does in the browser."""
    client_id, client_secret, redirect_uri = PIPEDRIVE_APP
    app = {"client_id": client_id, "client_secret": client_secret, "redirect_uri": redirect_uri}
    carriage.sandbox.control("pipedrive/oauth-apps", **app)
    form = {"client_id": client_id, "redirect_uri": redirect_uri, "user": "acme/9001", "decision": "approve"}
    address = f"{carriage.sandbox.url}/pipedrive/oauth-host/oauth/authorize"
    back = requests.post(address, data=form, timeout=10, allow_redirects=False).headers["Location"]
    code = re.search(r"code=([^&]+)", back)
    assert code, back
    services, now = carriage.services, carriage.clock.now()
    tokens = oauth.exchange_code(
        HttpClient("Pipedrive", connect_timeout=timedelta(seconds=5), call_deadline=timedelta(seconds=10)),
        services.settings.pipedrive,
        code=code[1],
        redirect_uri=redirect_uri,
        now=now,
    )
    with services.database.transaction() as tx:
        key = ConnectionKey(carriage.tenant.id, PIPEDRIVE)
        connections.save_login(tx, key, sealed_pipedrive(services.vault, tokens, now), now=now)
        tenants.unpark(tx, carriage.tenant.id)


def deal_with_everything(carriage: Carriage) -> int:
    """A won deal for which every call is made: buyer, person, product of the catalog, PDF. Its run's id."""
    line = {"name": "Workshop", "product_id": 1, "item_price": 1000, "tax": 19, "tax_method": "exclusive"}
    files = [{"id": 1, "file_name": "Rechnung.pdf", "content_base64": PDF}]
    return carriage.win(DEAL, person_id=1, products=[line], files=files).id


def know_debtor(carriage: Carriage, run_id: int) -> None:
    """Carry a deal into its batch, and let DATEV have its debtor from earlier."""
    carriage.carry_to("batched", run_id)
    with carriage.services.database.transaction() as tx:
        tx.execute(t.debtor.update().values(transferred_hash=t.debtor.c.record_hash))


@contextmanager
def world() -> Iterator[World]:
    """PostgreSQL and the sandbox, for as long as points are tried."""
    folder = Path(tempfile.mkdtemp(prefix="mlc-faults-"))
    folder.chmod(0o711)  # PostgreSQL may run as another user
    # The OAuth library's own switch: the sandbox's login pages are on this machine and have no TLS.
    os.environ.setdefault("OAUTHLIB_INSECURE_TRANSPORT", "1")
    try:
        # Redis is not needed: nothing is woken, and calls are not counted over processes.
        unused = {"REDIS_URL": "redis://127.0.0.1:1/0"}
        with ensure(unused, folder, postgres_options={"fsync": "off"}, say=_nothing) as servers:
            store.migrate(servers.database_url)
            with serving(folder / "sandbox") as (url, state):
                yield World(servers.database_url, url, state, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def serving(state_dir: Path) -> Iterator[tuple[str, SandboxState]]:
    """The sandbox on a free port of this machine: its address, and what it remembers."""
    app = create_app(str(state_dir), deliver=False)
    with served(app, _QuietHandler) as url:
        yield url, app.extensions[EXTENSION]


def signing_key_record(sandbox: SandboxState) -> Record:
    """The key with which the sandbox's DATEV signs who logged in."""
    signing_key(sandbox)
    found = sandbox.store.get("dv_key", KEY_ID)
    assert found is not None
    return found


def _nothing(_text: str) -> None:
    """Whoever starts the servers has nothing to say."""
