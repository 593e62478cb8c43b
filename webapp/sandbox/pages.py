"""The page that shows what arrived, for people."""

from flask import Blueprint, Response, render_template

from webapp.sandbox.arrivals import collect
from webapp.sandbox.state import Sandbox, current
from webapp.sandbox.store import Record

blueprint = Blueprint("pages", __name__, template_folder="templates")

HOOK_COLUMNS = ("id", "name", "version", "event_action", "event_object", "is_active", "last_http_status")


@blueprint.get("/")
def index() -> str:
    """Everything in one page; no token, secret or password is on it."""
    sandbox = current()
    return render_template(
        "sandbox/index.html",
        accounts=_accounts(sandbox),
        clients=sandbox.store.all("dv_client"),
        sessions=sandbox.store.all("dv_session"),
        arrivals=collect(sandbox),
        now=sandbox.clock.now(),
    )


def _accounts(sandbox: Sandbox) -> list[Record]:
    return [
        {
            **account,
            "deals": sandbox.store.all("pd_deal", account["company_domain"]),
            "hooks": [
                {name: hook[name] for name in HOOK_COLUMNS}
                for hook in sandbox.store.all("pd_hook", account["company_domain"])
            ],
        }
        for account in sandbox.store.all("pd_account")
    ]


@blueprint.get("/extf/<client_id>/<job_id>")
def extf_file(client_id: str, job_id: str) -> str | Response:
    """The rows of one EXTF file as a table of the columns in use."""
    job = current().store.get("dv_extf_job", job_id, client_id)
    if job is None:
        return Response("There is no such file.", 404, mimetype="text/plain")
    columns = [name for name in (job["_rows"] or [{}])[0] if any(row.get(name) for row in job["_rows"])]
    return render_template(
        "sandbox/extf.html", job=job, columns=columns, header=job["_header"], rows=job["_rows"]
    )
