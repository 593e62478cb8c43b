"""DATEV's refusals as data: one table per interface, from (operation, status, code) to a family and a cure.

Sources: the ``responses`` of DATEV's API descriptions, RFC 6749 section 5.2 for the login. How a row
is found: :mod:`connector.datev.verdicts`.
"""

from collections.abc import Mapping

from connector.datev.operations import (
    ADD_DXSO_FILE,
    DELETE_DXSO_JOB,
    EXCHANGE_CODE,
    FINALISE_DXSO_JOB,
    IMPORT_FILE,
    LIST_CLIENTS,
    PUT_DOCUMENT,
    REFRESH,
    REVOKE,
    Api,
)
from connector.datev.verdict_defaults import (
    AGAIN_LATER,
    ANY,
    ASK_ADVISER,
    BAD_REQUEST,
    LOGIN_AGAIN,
    LOOKED_UP,
    OUR_FAULT,
    Key,
    Verdict,
)
from connector.errors import (
    AmbiguousError,
    ConfigurationError,
    NotFoundError,
    PartnerRefusedError,
    PermissionMissingError,
    ReconnectNeededError,
    TransientError,
)

_SCOPE = Verdict(
    PermissionMissingError,
    "datev_scope_missing",
    "the login lacks a scope",
    "Connect the tenant to DATEV again; if it stays, check the app's scopes in DATEV's developer portal.",
)
_APP_NOT_ALLOWED = Verdict(
    ConfigurationError,
    "datev_app_not_allowed",
    "this app may not make the call",
    "Check DATEV_CLIENT_ID and the app's products in DATEV's developer portal.",
)
_VIRUS = Verdict(
    PartnerRefusedError,
    "virus_found",
    "its virus scanner objects to the file",
    "Have the PDF checked and replace it at the deal, then retry the run.",
)
_FILE_TYPE = Verdict(
    PartnerRefusedError,
    "file_type_not_accepted",
    "it does not take this kind of file",
    "Attach the invoice as PDF to the deal, then retry the run.",
)
_SERVICE_DOWN = Verdict(
    TransientError, "partner_unavailable", "a service it needs is not available", AGAIN_LATER
)
_LEDGER_DATA = Verdict(
    ConfigurationError,
    "datev_client_data_inconsistent",
    "the client's ledger data are inconsistent",
    f"{ASK_ADVISER} to put the client's basic data in order, then retry.",
)
_PERSONNEL_CLIENT = Verdict(
    ConfigurationError,
    "datev_client_for_personnel",
    "the client uses DATEV Personal and takes no uploads of this kind",
    f"{ASK_ADVISER} which client the bookings belong to and correct the tenant's file.",
)

EXTF_FILE_REFUSED = "1008833"

_EXTF_FILE = Verdict(
    PartnerRefusedError,
    "extf_file_refused",
    "the file itself is not accepted (empty, too long, too large or wrongly encoded)",
    "Read DATEV's words; the file was made by the connector, so report it with DATEV's request id.",
)

EXTF: Mapping[Key, Verdict] = {
    (ANY, ANY, "1008828"): BAD_REQUEST,
    (ANY, ANY, "1008829"): _SCOPE,
    (ANY, ANY, "1008831"): BAD_REQUEST,
    (ANY, ANY, "1008832"): Verdict(
        PartnerRefusedError, "extf_name_refused", "file name or reference id are not accepted", OUR_FAULT
    ),
    (ANY, ANY, EXTF_FILE_REFUSED): _EXTF_FILE,
    # No PDF of a deal is in it, of which the general row for 413 speaks.
    (IMPORT_FILE.name, 413, ANY): _EXTF_FILE,
    (ANY, ANY, "1008834"): Verdict(
        PartnerRefusedError,
        "extf_header_refused",
        "the file's header is not accepted",
        "DATEV names the field by number: check consultant and client number, fiscal year and account length "
        "in the tenant's file, then retry the batch.",
    ),
    (ANY, ANY, "1008835"): Verdict(
        ConfigurationError,
        "datev_client_id_invalid",
        "the client's number is not valid",
        "Check consultant_number and client_number in the tenant's file.",
    ),
    (ANY, ANY, "1008836"): _VIRUS,
    (ANY, ANY, "1008837"): Verdict(
        PartnerRefusedError,
        "datev_job_failed_try_again",
        "its own processing failed and the file should be sent again",
        "Retry the batch: it is sent again as a new attempt.",
    ),
    # The same number as the text of a failed import call: there nobody knows whether the file was kept.
    (IMPORT_FILE.name, ANY, "1008837"): Verdict(
        AmbiguousError, "outcome_unknown", "an error happened while it took the file", LOOKED_UP
    ),
    (ANY, ANY, "1008838"): Verdict(
        PermissionMissingError,
        "datev_permission_missing",
        "the permission to transfer data for this client is missing or has expired",
        f"{ASK_ADVISER} to renew the permission for the Buchungsdatenservice, then retry.",
    ),
}

CLIENTS: Mapping[Key, Verdict] = {
    (ANY, ANY, "1008828"): BAD_REQUEST,
    (ANY, ANY, "1008829"): _SCOPE,
    # Without a client id in the path the lasting login, bound to one client, is refused.
    (LIST_CLIENTS.name, 403, ANY): Verdict(
        ConfigurationError,
        "client_list_not_allowed",
        "this login may not list clients",
        "A lasting login is bound to one client: start with the short login, or type the client's number.",
    ),
    (ANY, 404, ANY): Verdict(
        NotFoundError,
        "datev_client_not_found",
        "the client does not exist or is not visible for this login",
        "Check consultant_number and client_number in the tenant's file; if they are right, "
        "ask the tax adviser for the right to this client.",
    ),
}

_DOCUMENT_THERE = Verdict(
    PartnerRefusedError,
    "document_already_there",
    "a document with this id is already there",
    "Look at the document in Belege online. If it is this invoice, retry the run: it is taken over. If it is "
    "another one, delete it there, then retry the run.",
)

DOCUMENTS: Mapping[Key, Verdict] = {
    (ANY, ANY, "DCO01005"): _SCOPE,
    (ANY, ANY, "DCO01006"): _APP_NOT_ALLOWED,
    (ANY, ANY, "DCO01009"): _LEDGER_DATA,
    (ANY, ANY, "DCO01010"): Verdict(
        ConfigurationError,
        "document_type_unknown",
        "the client has no such document type",
        "Choose one of the client's document types in the tenant's file, or none.",
    ),
    (ANY, ANY, "DCO01012"): _DOCUMENT_THERE,
    (ANY, ANY, "DCO01013"): _APP_NOT_ALLOWED,
    (ANY, ANY, "DCO01015"): _FILE_TYPE,
    (ANY, ANY, "DCO01016"): Verdict(
        PartnerRefusedError,
        "file_too_large",
        "the file is larger than 20 MB",
        "Attach a smaller PDF to the deal, then retry the run.",
    ),
    (ANY, ANY, "DCO01019"): Verdict(
        ConfigurationError,
        "belege_online_missing",
        "the client has no stock in Belege online",
        f"{ASK_ADVISER} to set up Belege online for the client, then retry.",
    ),
    (ANY, ANY, "DCO01020"): _SERVICE_DOWN,
    (ANY, ANY, "DCO01215"): _FILE_TYPE,
    (ANY, ANY, "DCO01219"): _FILE_TYPE,
    (ANY, ANY, "DCO01222"): Verdict(
        PartnerRefusedError,
        "file_name_too_long",
        "the file's name is longer than 255 characters",
        "Shorten the file's name at the deal, then retry the run.",
    ),
    (ANY, ANY, "DCO01227"): Verdict(
        ConfigurationError,
        "document_type_too_long",
        "the document type is longer than 30 characters",
        "Choose one of the client's document types in the tenant's file, or none.",
    ),
    (ANY, ANY, "DCO01231"): Verdict(
        ConfigurationError,
        "upload_not_supported",
        "this client cannot be reached by uploads",
        f"{ASK_ADVISER} to enable uploads to Belege online for the client.",
    ),
    (ANY, ANY, "DCO01234"): Verdict(
        PartnerRefusedError, "document_id_refused", "the document's id has not the right form", OUR_FAULT
    ),
    (ANY, ANY, "DCO01243"): _VIRUS,
    (ANY, ANY, "DCO01245"): Verdict(
        PartnerRefusedError,
        "pdf_unreadable",
        "the PDF cannot be read",
        "Open the PDF, save it anew (without a password), replace it at the deal, then retry the run.",
    ),
    (ANY, ANY, "DCO01253"): Verdict(
        PartnerRefusedError,
        "document_content_exists",
        "the same file is already in Belege online under another id",
        "Delete that copy in Belege online or attach another PDF to the deal, then retry the run: "
        "the booking links to the id it was given.",
    ),
    (ANY, ANY, "DCO01300"): _PERSONNEL_CLIENT,
    (PUT_DOCUMENT.name, 409, ANY): _DOCUMENT_THERE,
    (ANY, 404, ANY): CLIENTS[ANY, 404, ANY],
}
"""Codes that only a fault of ours can cause (DCO01001, 01004, 01008, 01217 …) fall to the row for 400."""

_ALREADY_FINAL = Verdict(
    AmbiguousError,
    "dxso_job_already_finalised",
    "the job has been finalised already",
    "Nothing to do: its status is read before anything is repeated.",
)

DXSO: Mapping[Key, Verdict] = {
    (ANY, ANY, "DCO01002"): Verdict(
        ConfigurationError,
        "dxso_client_not_set_up",
        "the client is not set up for outgoing invoices by this road",
        f"{ASK_ADVISER} to set Belege online to the editing form Erweitert with a fiscal year, then retry.",
    ),
    (ANY, ANY, "DCO01003"): Verdict(
        NotFoundError,
        "dxso_job_not_found",
        "it does not know the job",
        "Retry the batch: a new job is opened.",
    ),
    (ANY, ANY, "DCO01005"): _SCOPE,
    (ANY, ANY, "DCO01006"): _APP_NOT_ALLOWED,
    (ADD_DXSO_FILE.name, ANY, "DCO01007"): _ALREADY_FINAL,
    (FINALISE_DXSO_JOB.name, ANY, "DCO01007"): _ALREADY_FINAL,
    (DELETE_DXSO_JOB.name, ANY, "DCO01007"): _ALREADY_FINAL,
    (ANY, ANY, "DCO01009"): _LEDGER_DATA,
    (ANY, ANY, "DCO01013"): _APP_NOT_ALLOWED,
    (ANY, ANY, "DCO01015"): _FILE_TYPE,
    (ANY, ANY, "DCO01016"): DOCUMENTS[ANY, ANY, "DCO01016"],
    (ANY, ANY, "DCO01219"): _FILE_TYPE,
    (ANY, ANY, "DCO01300"): _PERSONNEL_CLIENT,
    (ANY, ANY, "DCO01301"): Verdict(
        ConfigurationError,
        "dxso_not_supported_by_client",
        "the client uses the new Belege online, which takes no Rechnungsdatenservice 1.0",
        'Set format = "extf" in the tenant\'s file and connect the tenant again; the adviser orders the '
        "Buchungsdatenservice.",
    ),
    (ANY, 404, ANY): Verdict(
        NotFoundError,
        "dxso_job_not_found",
        "it does not know the job or the client",
        "The job may be older than two months or deleted in DATEV: look there, then retry the batch.",
    ),
}

_CLIENT_REFUSED = Verdict(
    ConfigurationError,
    "datev_client_auth_refused",
    "it does not accept the app's identification",
    "Check DATEV_CLIENT_ID and DATEV_CLIENT_AUTH: none for a public client, basic with "
    "DATEV_CLIENT_SECRET for a confidential one.",
)

LOGIN: Mapping[Key, Verdict] = {
    (REFRESH.name, ANY, "invalid_grant"): Verdict(
        ReconnectNeededError, "reconnect_needed", "the login has ended", LOGIN_AGAIN
    ),
    (EXCHANGE_CODE.name, ANY, "invalid_grant"): Verdict(
        PartnerRefusedError,
        "login_code_refused",
        "the login's code is used up, too old or not ours",
        "Start the login again.",
    ),
    (ANY, ANY, "invalid_client"): _CLIENT_REFUSED,
    (ANY, ANY, "unauthorized_client"): _APP_NOT_ALLOWED,
    (ANY, ANY, "invalid_scope"): Verdict(
        ConfigurationError,
        "datev_scope_refused",
        "the app may not ask for these rights",
        "Check the app's products in DATEV's developer portal and the client's number.",
    ),
    (ANY, ANY, "unsupported_grant_type"): _APP_NOT_ALLOWED,
    # Without a body a 401 on these calls speaks of the app, since they carry no access token.
    (REFRESH.name, 401, ANY): _CLIENT_REFUSED,
    (EXCHANGE_CODE.name, 401, ANY): _CLIENT_REFUSED,
    (REVOKE.name, 401, ANY): _CLIENT_REFUSED,
    (ANY, 404, ANY): Verdict(
        ConfigurationError,
        "login_address_wrong",
        "there is nothing at this address",
        "Check DATEV_LOGIN_BASE_URL, DATEV_TOKEN_BASE_URL and DATEV_ENVIRONMENT.",
    ),
}

TABLES: Mapping[Api, Mapping[Key, Verdict]] = {
    Api.LOGIN: LOGIN,
    Api.CLIENTS: CLIENTS,
    Api.DOCUMENTS: DOCUMENTS,
    Api.EXTF: EXTF,
    Api.DXSO: DXSO,
}
