"""Every call to DATEV as data: method, path and what may be done when its answer is lost.

The paths are those of DATEV's API descriptions, letter by letter; a test compares them.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

_PATH_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Ids in DATEV's paths: ``455148-1`` or a GUID with or without hyphens. Nothing else gets into an address."""


class Api(StrEnum):
    """DATEV's interfaces; each has a table of verdicts of its own."""

    LOGIN = "login"
    CLIENTS = "accounting-clients"
    DOCUMENTS = "accounting-documents"
    EXTF = "accounting-extf-files"
    DXSO = "accounting-dxso-jobs"


class Repeat(StrEnum):
    """What may be done when nobody knows whether DATEV took the call."""

    AT_ONCE = "at_once"
    """Asking changes nothing (GET), or doing it twice is doing it once (DELETE)."""
    LATER = "later"
    """Doing it twice does no harm, but the second answer must be read with the first in mind."""
    NEVER = "never"
    """Doing it twice may book twice or lose a login: reconcile first."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One call of one interface."""

    name: str
    """Stable name for tables and the journal."""
    title: str
    """What is being done, for messages: "DATEV … while <title>"."""
    api: Api
    method: str
    path: str
    """Below the interface's base URL, parameters as DATEV names them."""
    success: frozenset[int]
    repeat: Repeat
    upload: bool = False
    """Carries a file, so it gets the longer deadline."""

    def address(self, **ids: str) -> str:
        """The path with its ids filled in; ``client_id`` stands for ``{client-id}``.

        :raises ValueError: an id that would change the path's shape.
        """
        path = self.path
        for name, value in ids.items():
            if not is_path_id(value):
                raise ValueError(f"{name} is no id DATEV would use: {value[:80]!r}")
            path = path.replace("{" + name.replace("_", "-") + "}", quote(value, safe=""))
        return path


def is_path_id(value: str) -> bool:
    """Whether this can be an id in one of DATEV's paths."""
    return _PATH_ID.fullmatch(value) is not None


def _reading(name: str, title: str, api: Api, path: str) -> Operation:
    return Operation(name, title, api, "GET", path, frozenset({200}), Repeat.AT_ONCE)


EXCHANGE_CODE = Operation(
    "exchange_code", "completing the login", Api.LOGIN, "POST", "/token", frozenset({200}), Repeat.NEVER
)
REFRESH = Operation(
    "refresh", "renewing the login", Api.LOGIN, "POST", "/token", frozenset({200}), Repeat.NEVER
)
REVOKE = Operation(
    "revoke", "ending the login", Api.LOGIN, "POST", "/revoke", frozenset({200}), Repeat.AT_ONCE
)
USERINFO = _reading("userinfo", "asking who logged in", Api.LOGIN, "/userinfo")
DISCOVERY = _reading(
    "discovery", "reading DATEV's login configuration", Api.LOGIN, "/.well-known/openid-configuration"
)
SIGNING_KEYS = _reading("signing_keys", "reading DATEV's signing keys", Api.LOGIN, "")

LIST_CLIENTS = _reading("list_clients", "listing the clients", Api.CLIENTS, "/clients")
GET_CLIENT = _reading("get_client", "reading the client", Api.CLIENTS, "/clients/{client-id}")

GET_DOCUMENTS_CLIENT = _reading(
    "get_documents_client", "reading the client's Belege online", Api.DOCUMENTS, "/clients/{client-id}"
)
DOCUMENT_TYPES = _reading(
    "document_types",
    "reading the client's document types",
    Api.DOCUMENTS,
    "/clients/{client-id}/document-types",
)
PUT_DOCUMENT = Operation(
    "put_document",
    "uploading the document",
    Api.DOCUMENTS,
    "PUT",
    "/clients/{client-id}/documents/{document-id}",
    frozenset({201}),
    Repeat.LATER,
    upload=True,
)

IMPORT_FILE = Operation(
    "import_file",
    "handing over the EXTF file",
    Api.EXTF,
    "POST",
    "/clients/{client-id}/extf-files/import",
    frozenset({202}),
    Repeat.NEVER,
    upload=True,
)
LIST_EXTF_JOBS = _reading(
    "list_extf_jobs", "listing the EXTF jobs", Api.EXTF, "/clients/{client-id}/extf-files/jobs"
)
GET_EXTF_JOB = _reading(
    "get_extf_job", "reading the EXTF job", Api.EXTF, "/clients/{client-id}/extf-files/jobs/{job-id}"
)

CREATE_DXSO_JOB = Operation(
    "create_dxso_job",
    "opening the DXSO job",
    Api.DXSO,
    "POST",
    "/clients/{client-id}/dxso-jobs",
    frozenset({201}),
    Repeat.LATER,
)
ADD_DXSO_FILE = Operation(
    "add_dxso_file",
    "adding a file to the DXSO job",
    Api.DXSO,
    "POST",
    "/clients/{client-id}/dxso-jobs/{job-id}/files",
    frozenset({201}),
    Repeat.NEVER,
    upload=True,
)
FINALISE_DXSO_JOB = Operation(
    "finalise_dxso_job",
    "finalising the DXSO job",
    Api.DXSO,
    "PUT",
    "/clients/{client-id}/dxso-jobs/{job-id}",
    frozenset({204}),
    Repeat.NEVER,
)
DELETE_DXSO_JOB = Operation(
    "delete_dxso_job",
    "deleting the DXSO job",
    Api.DXSO,
    "DELETE",
    "/clients/{client-id}/dxso-jobs/{job-id}",
    frozenset({204}),
    Repeat.AT_ONCE,
)
DXSO_JOB_STATUS = _reading(
    "dxso_job_status", "reading the DXSO job", Api.DXSO, "/clients/{client-id}/dxso-jobs/{job-id}"
)
DXSO_PROTOCOL = _reading(
    "dxso_protocol",
    "reading the DXSO job's protocol",
    Api.DXSO,
    "/clients/{client-id}/dxso-jobs/{job-id}/protocol-entries",
)

OPERATIONS: tuple[Operation, ...] = (
    EXCHANGE_CODE,
    REFRESH,
    REVOKE,
    USERINFO,
    DISCOVERY,
    SIGNING_KEYS,
    LIST_CLIENTS,
    GET_CLIENT,
    GET_DOCUMENTS_CLIENT,
    DOCUMENT_TYPES,
    PUT_DOCUMENT,
    IMPORT_FILE,
    LIST_EXTF_JOBS,
    GET_EXTF_JOB,
    CREATE_DXSO_JOB,
    ADD_DXSO_FILE,
    FINALISE_DXSO_JOB,
    DELETE_DXSO_JOB,
    DXSO_JOB_STATUS,
    DXSO_PROTOCOL,
)
