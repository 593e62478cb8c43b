"""Where every deal of the demo ended, and whether that is where it should."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from connector.demo.progress import END_STATES, TITLE_WIDTH, Watched
from connector.demo.sandbox import road
from connector.pipeline.summary import RunSummary, with_number
from connector.store.tenants import TenantRow


def verdict(watched: Watched, found: RunSummary | None) -> list[str]:
    """Everything that is not as the scenario wants it; empty: as it should be."""
    wanted = watched.deal
    if found is None:
        return ["no run was made"]
    if found.run.state != wanted.state:
        return [f"is {found.run.state}, should be {wanted.state}"]
    wrong = []
    reason = found.run.ignore_rule if wanted.state == "ignored" else found.run.reason_code
    if wanted.reason and reason != wanted.reason:
        wrong.append(f"the reason is {reason}, should be {wanted.reason}")
    if wanted.gross and found.amount != Decimal(wanted.gross):
        wrong.append(f"books {found.amount}, should book {wanted.gross}")
    accounts = tuple(str(account) for account in found.revenue_accounts)
    if wanted.accounts and accounts != wanted.accounts:
        wrong.append(f"books on {', '.join(accounts)}, should book on {', '.join(wanted.accounts)}")
    return wrong


def report_lines(
    deals: Sequence[Watched], found: Mapping[Watched, RunSummary | None], tenants: Mapping[int, TenantRow]
) -> list[str]:
    """Every deal's end for the terminal, tenant by tenant."""
    lines = ["", "Where every deal ended"]
    for tenant in tenants.values():
        lines += ["", f"{tenant.name} ({road(tenant.config)})", HEADING]
        for watched in deals:
            if watched.tenant_id == tenant.id:
                lines += _deal_lines(watched, found[watched])
    return lines


LOG_OF_STATE = {
    "resolved": "worker-intake",
    "received": "worker-intake",
    "debtor_ready": "worker-intake",
    "rendered": "worker-datev",
    "documented": "worker-intake",
    "batched": "worker-datev",
    "posted": "worker-ops",
}
"""The process whose step was due in a state; without any run the delivery did not come through ``web``."""


def still_under_way(
    deals: Sequence[Watched], found: Mapping[Watched, RunSummary | None], logs: Path
) -> list[str]:
    """Where to look for the reason of the deals that have not ended; nothing where all have."""
    states = [run.run.state if (run := found[watched]) else "" for watched in deals]
    left = [state for state in states if state not in END_STATES]
    if not left:
        return []
    processes = dict.fromkeys(LOG_OF_STATE.get(state, "web") for state in left)
    files = ", ".join(str(logs / f"{process}.log") for process in processes)
    return ["", f"{len(left)} of {len(deals)} deals have not ended. The reason should stand in: {files}"]


def _deal_lines(watched: Watched, found: RunSummary | None) -> list[str]:
    wrong = verdict(watched, found)
    facts = _facts(found)
    first = _row("ok" if not wrong else "WRONG", str(watched.deal_id), watched.deal.title, *facts)
    told = _told(found) if found else []
    return [first, *(f"{INDENT}{line}" for line in (*told, *(f">>> {text}" for text in wrong)))]


def _row(mark: str, deal: str, title: str, state: str, amount: str, debtor: str, revenue: str) -> str:
    return (
        f"  {mark:5}  {deal:9}  {title[:TITLE_WIDTH]:{TITLE_WIDTH}}  {state:15}  {amount:>13}  "
        f"{debtor:>6}  {revenue}"
    ).rstrip()


HEADING = _row("", "deal", "title", "state", "amount", "debtor", "revenue accounts")
INDENT = " " * 9


def _facts(found: RunSummary | None) -> tuple[str, str, str, str]:
    if found is None:
        return "-", "", "", ""
    if found.run.state in ("ignored", "cancelled") or found.amount is None:
        return found.run.state, "", "", ""
    return (
        found.run.state,
        f"{found.amount:,.2f} {found.currency}",
        str(found.debtor_account or ""),
        ", ".join(map(str, found.revenue_accounts)),
    )


def _told(found: RunSummary) -> list[str]:
    run = found.run
    if run.state == "ignored":
        return [f"Rule:      {run.ignore_rule}"]
    told = []
    if found.document_number:
        told.append(f"Document:  {found.document_number}, GUID {found.document_guid or '-'}")
    if found.job_id:
        told.append(f"DATEV job: {found.job_id}")
    if reason := run.reason_message or run.waiting_for:
        told.append(f"Reason:    {reason}")
    if run.reason_cure:
        told.append(f"Cure:      {with_number(run.reason_cure, run.id)}")
    return told
