"""Control API, Pipedrive's side: companies, their data, and what people do with a deal."""

from flask import Blueprint, Response, json

from webapp.sandbox.control_body import check_fields, read_body, refuse
from webapp.sandbox.pipedrive_access import BURST_API, BURST_OAUTH, DAILY_BASE, PLAN_MULTIPLIER
from webapp.sandbox.pipedrive_changes import announce, change_deal
from webapp.sandbox.pipedrive_merges import merge
from webapp.sandbox.pipedrive_oauth import DEFAULT_SCOPES
from webapp.sandbox.pipedrive_seed import FIELD_ENTITIES, PARTS, replace_parts, seed
from webapp.sandbox.state import current, digest
from webapp.sandbox.store import Record, Store

blueprint = Blueprint("control_pipedrive", __name__, url_prefix="/control/pipedrive")

SIGNING_DEFAULTS: Record = {"encoding": "hex", "prefix": ""}
FIRST_COMPANY_ID = 7_000_000
DEFAULT_USERS = ({"id": 9001, "name": "Vera Vertrieb", "email": "vera@example.test", "admin": True},)
DEAL_UPDATES = (
    "title",
    "value",
    "currency",
    "org_id",
    "person_id",
    "owner_id",
    "pipeline_id",
    "stage_id",
    "label_ids",
    "expected_close_date",
    "probability",
    "is_archived",
)


def _answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, mimetype="application/json")


def _account(domain: str) -> Record:
    account = current().store.get("pd_account", domain)
    if account is None:
        refuse(f"There is no Pipedrive company {domain!r}; create it first.", 404)
    return account


def _free_company_id(store: Store) -> int:
    """The next number that no company has; one that was asked for by name may lie in between."""
    taken = {account["company_id"] for account in store.all("pd_account")}
    while True:
        company_id = FIRST_COMPANY_ID + store.count("pd_company")
        if company_id not in taken:
            return company_id


@blueprint.post("/accounts")
def create_account() -> Response:
    """A Pipedrive company. Sent again, its settings are replaced and its data kept."""
    optional: Record = {
        "company_id": None,
        "name": None,
        "users": list(DEFAULT_USERS),
        "plan": "premium",
        "burst": {},
        "daily_budget": None,
        "default_currency": "EUR",
        "timezone_name": "Europe/Berlin",
        "custom_currencies": [],
        "webhook_signing": None,
    }
    body = read_body(("company_domain", "api_token"), optional)
    if body["plan"] not in PLAN_MULTIPLIER:
        refuse(f"body.plan must be one of {', '.join(PLAN_MULTIPLIER)}.")
    signing = body["webhook_signing"]
    if signing is not None:
        signing = check_fields(signing, ("header", "key"), SIGNING_DEFAULTS, "webhook_signing")
        if signing["encoding"] not in ("hex", "base64"):
            refuse("webhook_signing.encoding must be hex or base64.")
    store = current().store
    domain, plan = body["company_domain"], body["plan"]
    users = [check_fields(u, ("id", "name"), {"email": "", "admin": True}, "users") for u in body["users"]]
    burst = {"api": BURST_API[plan], "oauth": BURST_OAUTH[plan]}
    given = check_fields(body["burst"], (), {"api": None, "oauth": None}, "burst")
    account = {
        **{key: value for key, value in body.items() if key != "api_token"},
        "company_id": body["company_id"] or _free_company_id(store),
        "name": body["name"] or domain,
        "users": users,
        "burst": burst | {key: value for key, value in given.items() if value is not None},
        "daily_budget": body["daily_budget"] or DAILY_BASE * PLAN_MULTIPLIER[plan] * len(users),
        "webhook_signing": signing,
    }
    with store.transaction():
        store.put("pd_account", domain, account)
        token = {"domain": domain, "user_id": users[0]["id"], "kind": "api", "expires_at": None}
        key = digest(body["api_token"])
        store.put("pd_token", key, {**token, "key": key})
    return _answer({"company_domain": domain, "company_id": account["company_id"]}, 201)


@blueprint.post("/accounts/<domain>/seed")
def seed_account(domain: str) -> Response:
    """Organizations, persons, products, field definitions and deals; answers their ids and field codes."""
    lists = (
        "organizations",
        "persons",
        "products",
        "deals",
        *(f"{entity}_fields" for entity in FIELD_ENTITIES),
    )
    return _answer(seed(current(), _account(domain), read_body((), {name: [] for name in lists})), 201)


@blueprint.post("/accounts/<domain>/deals")
def create_deal(domain: str) -> Response:
    """One deal as in a seed, but announced: hooks get a ``create`` event (it may be created won)."""
    sandbox, account = current(), _account(domain)
    body = read_body((), {"deal": None})
    if not isinstance(body["deal"], dict):
        refuse("body.deal must be an object like one of a seed's deals.")
    empty: Record = {name: [] for name in ("organizations", "persons", "products")}
    empty.update({f"{entity}_fields": [] for entity in FIELD_ENTITIES})
    with sandbox.store.transaction():
        key = seed(sandbox, account, {**empty, "deals": [body["deal"]]})["deals"][0]
        deal = sandbox.store.get("pd_deal", key, domain)
        user_id = account["users"][0]["id"]
        announce(sandbox, account, "create", None, deal, source="app", user_id=user_id)
    sandbox.courier.wake()
    return _answer({"id": key}, 201)


@blueprint.post("/accounts/<domain>/deals/<int:key>/<action>")
def act_on_deal(domain: str, key: int, action: str) -> Response:
    """``win`` (optionally with ``won_time``), ``reopen``, ``lose``, ``delete``, ``update``."""
    sandbox, account = current(), _account(domain)
    changes: Record
    if action == "win":
        body = read_body((), {"won_time": None})
        changes = {"status": "won", "won_time": body["won_time"]}
    elif action == "reopen":
        read_body()
        changes = {"status": "open"}
    elif action == "lose":
        changes = {"status": "lost", "lost_reason": read_body((), {"lost_reason": None})["lost_reason"]}
    elif action == "delete":
        read_body()
        changes = {"is_deleted": True}
    elif action == "update":
        body = read_body((), {**dict.fromkeys((*DEAL_UPDATES, *PARTS)), "custom_fields": {}})
        changes = {name: value for name, value in body.items() if value is not None}
    else:
        refuse("The action must be win, reopen, lose, delete or update.", 404)
    deal = sandbox.store.get("pd_deal", key, domain)
    if deal is None:
        refuse(f"There is no deal {key} in {domain!r}.", 404)
    lists = {name: changes.pop(name) for name in PARTS if name in changes}
    user_id = account["users"][0]["id"]
    with sandbox.store.transaction():
        changes = {**replace_parts(sandbox, account, deal, lists), **changes}
        deal = change_deal(sandbox, account, key, changes, source="app", user_id=user_id)
    sandbox.courier.wake()  # again: when the change woke it, the event was not committed yet
    return _answer({"id": key, "status": deal["status"], "won_time": deal["won_time"]})


@blueprint.post("/accounts/<domain>/organizations/<int:key>/merge")
def merge_organization(domain: str, key: int) -> Response:
    """Somebody merges an organization into the one in ``merge_with_id``."""
    account = _account(domain)
    survivor = read_body(("merge_with_id",))["merge_with_id"]
    try:
        merge(current(), account, key, survivor, source="app", user_id=account["users"][0]["id"])
    except KeyError:
        refuse(f"There are no organizations {key} and {survivor} in {domain!r}.", 404)
    return _answer({"id": survivor})


@blueprint.post("/oauth-apps")
def create_oauth_app() -> Response:
    """An app that companies may install."""
    body = read_body(("client_id", "client_secret", "redirect_uri"), {"scopes": DEFAULT_SCOPES})
    scopes = body["scopes"]
    app = {
        "client_id": body["client_id"],
        "secret_digest": digest(body["client_secret"]),
        "redirect_uri": body["redirect_uri"],
        "scopes": " ".join(scopes) if isinstance(scopes, list) else scopes,
    }
    current().store.put("pd_oauth_app", app["client_id"], app)
    return _answer({"client_id": app["client_id"]}, 201)
