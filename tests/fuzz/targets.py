"""What is given damaged content: every reader of something that comes from outside, with sound samples."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from connector.accounting.party import Address, Party
from connector.cli.exit_codes import ExitCode
from connector.datev.dxso.reader import read_archive, read_ledger
from connector.datev.extf import read_file
from connector.datev.validation.files import check_path
from connector.errors import ConnectorError
from connector.http import Answer
from connector.pipedrive.merges import parse_merge
from connector.pipedrive.webhook import parse_delivery
from connector.pipeline.adviser_file import read_adviser_list
from connector.pipeline.ecb_file import read_ecb_rates
from connector.tenants.toml_file import read_tenant_file
from connector.vat_registry import BzstRegistry, ViesRegistry
from tests.integration.pipeline.carriage import config_for
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_tenant
from tests.unit.cli.files_for_datev import LEDGER, package_files, posting_batch, zipped
from tests.unit.pipedrive.test_webhook import v1, v2
from tests.unit.pipeline.test_adviser_file import CSV as ADVISER_CSV
from tests.unit.pipeline.test_adviser_file import extf as adviser_extf
from tests.unit.pipeline.test_ecb_file import XML as ECB_XML
from tests.unit.tenants.test_toml_file import ENVIRON, EXAMPLE, SMALLEST

CONFIG = config_for()
PARTY = Party("organization:1", "Käufer GmbH", Address("Weg 1", "", "10115", "Berlin", "DE"))

Read = Callable[[bytes, Path], object]


@dataclass(frozen=True, slots=True)
class Target:
    """One reader."""

    name: str
    samples: Sequence[bytes]
    read: Read
    """Given content and a folder of its own; may raise errors of ours, and nothing else."""
    inputs: int = 400
    """In the suite; ``make fuzz`` goes on as long as it is told."""


class _Answering:
    """Answers every call with the same bytes."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def send(self, _method: str, url: str, **_given: object) -> Answer:
        """A complete answer with status 200."""
        return Answer(200, requests.structures.CaseInsensitiveDict(), self._body, url, safe=True)


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _webhook(content: bytes, _folder: Path) -> None:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):  # what the receiver answers 400 to
        return
    parse_delivery(body)
    parse_merge(body)


def _tenant(content: bytes, folder: Path) -> None:
    path = folder / "tenant.toml"
    path.write_bytes(content)
    read_tenant_file(path, ENVIRON)


def _validate(content: bytes, folder: Path) -> None:
    path = folder / "EXTF_given.csv"
    path.write_bytes(content)
    check_path(path)


def _preview(content: bytes, folder: Path) -> None:
    given, tenant = folder / "bundle.json", folder / "muster.toml"
    given.write_bytes(content)
    if not tenant.exists():
        write_tenant(folder)
    ended = command("preview", "--tenant", str(tenant), "--bundle", str(given), "--format", "json")
    if ended.exit_code == ExitCode.BUG or not isinstance(ended.exception, SystemExit | type(None)):
        raise AssertionError(ended.output) from ended.exception


def _vies(content: bytes, _folder: Path) -> None:
    registry = ViesRegistry(_Answering(content), base_url="https://vies", own_vat_id="DE1")  # type: ignore[arg-type]
    registry.check("ATU12345678", PARTY)


def _bzst(content: bytes, _folder: Path) -> None:
    registry = BzstRegistry(_Answering(content), base_url="https://bzst", own_vat_id="DE1")  # type: ignore[arg-type]
    registry.check("ATU12345678", PARTY)


def _ecb_csv() -> bytes:
    return b"Date,USD,JPY,CHF,\n2026-11-20,1.0852,160.12,0.9412,\n2026-11-19,1.0840,N/A,0.9401,\n"


def _xml_members() -> list[bytes]:
    return [content for name, content in package_files().items() if name.endswith(".xml")]


_WON = {"id": 17, "status": "won", "won_time": "2026-03-04T15:11:55Z", "pipeline_id": 1, "currency": "EUR"}
_DELIVERIES = (
    _json(v2(data=_WON, previous={"status": "open"})),
    _json(v2("delete", previous=_WON)),
    _json(v1(current=_WON, previous={**_WON, "status": "open"})),
)

TARGETS = (
    Target("EXTF", [posting_batch(), adviser_extf()], lambda content, _folder: read_file(content)),
    Target("ledger", [LEDGER], lambda content, _folder: read_ledger(content)),
    Target(
        "document.xml",
        [package_files()["document.xml"]],
        lambda content, _folder: read_archive(content),
    ),
    Target("validate", [posting_batch(), LEDGER, *_xml_members()], _validate, inputs=200),
    Target("validate a ZIP", [zipped(package_files())], _validate, inputs=200),
    Target("tenant TOML", [SMALLEST.encode(), EXAMPLE.read_bytes()], _tenant, inputs=120),
    Target("bundle", [_json(bundle())], _preview, inputs=60),
    Target(
        "adviser's list",
        [ADVISER_CSV.encode(), ADVISER_CSV.encode("utf-16"), adviser_extf()],
        lambda content, _folder: read_adviser_list(content, CONFIG),
    ),
    Target("ECB rates", [ECB_XML, _ecb_csv()], lambda content, _folder: read_ecb_rates(content)),
    Target("webhook", _DELIVERIES, _webhook, inputs=1000),
    Target(
        "VIES",
        [
            _json(
                {"valid": True, "userError": "VALID", "requestIdentifier": "WAPI", "traderCityMatch": "VALID"}
            )
        ],
        _vies,
    ),
    Target("BZSt", [_json({"status": "evatr-0000", "id": "x", "ergOrt": "A"})], _bzst),
)


def tried(target: Target, content: bytes, folder: Path) -> None:
    """Let a reader read; an error of ours is a good answer.

    :raises Exception: anything else: a bug.
    """
    try:
        target.read(content, folder)
    except ConnectorError:
        return
