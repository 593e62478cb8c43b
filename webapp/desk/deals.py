"""The list of deals, one deal, its PDF, and what a person may decide about it."""

import re
from collections.abc import Sequence

from flask import Response, request

from connector.errors import ConnectorError
from connector.pipeline.cancelling import cancel_run
from connector.pipeline.desk import rooms
from connector.pipeline.desk.roles import Role
from connector.pipeline.retry import retry_run
from connector.pipeline.services import Services
from connector.pipeline.states import IGNORED, NEEDS_ATTENTION, RUN_WORKING
from connector.store.desk_views import HIGHEST_ID
from connector.store.journal import JournalRow
from connector.store.runs import RunRow
from connector.store.tenants import TenantRow
from webapp.desk.doors import RUN, TENANT, Doors, page, see_other
from webapp.desk.visit import Visit
from webapp.receiver import Wake

PDF_POLICY = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'none'"
"""The browser's own viewer shows the PDF with a style and an object of its own; no script may run."""

_FILE_NAME = re.compile(r"[^A-Za-z0-9._-]+")

_DONE = frozenset({"retried", "cancelled"})


def add_deals(doors: Doors, services: Services, wake: Wake) -> None:
    """Register the pages."""
    _add_looking(doors, services)
    _add_deciding(doors, services, wake)


def _add_looking(doors: Doors, services: Services) -> None:
    @doors.page(f"{TENANT}/deals", needs=Role.VIEWER)
    def deals(visit: Visit, tenant: TenantRow) -> Response:
        group = request.args.get("show", "all")
        group = group if group in rooms.GROUPS else "all"
        search = request.args.get("q", "").strip()[: rooms.LONGEST_SEARCH]
        found = rooms.deals(
            services,
            tenant,
            group=group,
            search=search,
            before=_run_number("before"),
            after=_run_number("after"),
        )
        return page(visit, "deals.html", found=found, group=group, groups=rooms.GROUPS, search=search)

    @doors.page(RUN, needs=Role.VIEWER)
    def deal(visit: Visit, run: RunRow) -> Response:
        return _deal_page(services, visit, run)

    @doors.page(f"{RUN}/document.pdf", needs=Role.VIEWER)
    def document(visit: Visit, run: RunRow) -> Response:
        found = rooms.pdf_of(services, run)
        if found is None:
            return page(visit, "no_document.html", 404, run=run)
        row, content = found
        response = Response(content, content_type="application/pdf")
        name = _FILE_NAME.sub("_", row.document_number)
        response.headers["Content-Disposition"] = f'inline; filename="{name}.pdf"'
        response.headers["Content-Security-Policy"] = PDF_POLICY
        return response


def _add_deciding(doors: Doors, services: Services, wake: Wake) -> None:
    @doors.page(f"{RUN}/retry", needs=Role.BOOKKEEPER, post=True)
    def retry(visit: Visit, run: RunRow) -> Response:
        try:
            done = retry_run(
                services, run.id, actor=_actor(visit), send_again=request.form.get("send_again") == "1"
            )
        except ConnectorError as e:
            return _deal_page(services, visit, run, refused=e)
        if done.batch_id is None and done.state == "received":
            wake(run.id, run.tenant_id)
        return see_other("desk.deal", tenant_key=visit.here.key, run_id=run.id, done="retried")

    @doors.page(f"{RUN}/cancel", needs=Role.BOOKKEEPER, post=True)
    def cancel(visit: Visit, run: RunRow) -> Response:
        reason = request.form.get("reason", "")
        try:
            cancel_run(services, run.id, actor=_actor(visit), reason=reason)
        except ConnectorError as e:
            return _deal_page(services, visit, run, refused=e, reason=reason)
        return see_other("desk.deal", tenant_key=visit.here.key, run_id=run.id, done="cancelled")


def _deal_page(
    services: Services,
    visit: Visit,
    run: RunRow,
    *,
    refused: ConnectorError | None = None,
    reason: str = "",
) -> Response:
    """The page of a run; after a refusal with what is wrong and what was typed."""
    found = rooms.deal_page(services, run)
    done = request.args.get("done", "")
    unclear = any(one.state == "intended" for one in found.submissions)
    return page(
        visit,
        "deal.html",
        409 if refused else 200,
        found=found,
        run=found.run,
        story=_without_twins(found.story),
        may_retry=run.state in {*RUN_WORKING, NEEDS_ATTENTION, IGNORED} and visit.may(Role.BOOKKEEPER),
        may_cancel=run.state == NEEDS_ATTENTION and visit.may(Role.BOOKKEEPER),
        asks_send_again=unclear and run.state == NEEDS_ATTENTION,
        refused=refused,
        reason=reason,
        done=done if done in _DONE else "",
    )


def _without_twins(story: Sequence[JournalRow]) -> list[JournalRow]:
    """A batch and each of its runs are told alike at the same moment; a reader needs it once."""
    kept: list[JournalRow] = []
    for row in story:
        twin = kept and (kept[-1].event, kept[-1].to_state, kept[-1].message) == (
            row.event,
            row.to_state,
            row.message,
        )
        if not twin:
            kept.append(row)
    return kept


def _actor(visit: Visit) -> str:
    """Who acts, for the journal."""
    assert visit.session is not None  # noqa: S101 - asked at the door
    return f"{visit.session.name} ({visit.session.login})"


def _run_number(name: str) -> int | None:
    """A run's number in the address; anything else is no limit."""
    text = request.args.get(name, "")
    # The length first: Python makes no number of more than 4,300 digits.
    sound = text.isascii() and text.isdigit() and len(text) <= len(str(HIGHEST_ID))
    return int(text) if sound and int(text) <= HIGHEST_ID else None
