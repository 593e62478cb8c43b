"""Where every deal of the demo ended, and whether that is where it should."""

from decimal import Decimal

from connector.demo.progress import Watched
from connector.pipeline.summary import RunSummary


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


def lines(watched: Watched, found: RunSummary | None) -> list[str]:
    """One deal's end for the terminal."""
    wrong = verdict(watched, found)
    mark = "ok   " if not wrong else "WRONG"
    head = f"{mark} {watched.tenant_key:17} deal {watched.deal_id}  {watched.deal.title}"
    if found is None:
        return [head, *_wrong(wrong)]
    run = found.run
    if run.state in {"needs_attention", "cancelled"}:
        told = [
            f"      {run.state}: {run.reason_message or run.waiting_for}",
            f"      cure: {run.reason_cure or '-'}",
        ]
    elif run.state == "ignored":
        told = [f"      ignored by the rule: {run.ignore_rule}"]
    else:
        revenue = ", ".join(map(str, found.revenue_accounts))
        told = [
            f"      {run.state}: {found.amount} {found.currency} from {found.debtor_account} to {revenue}",
            f"      document {found.document_number}, GUID {found.document_guid or '-'}",
            f"      DATEV job {found.job_id or '-'}",
        ]
    return [head, *told, *_wrong(wrong)]


def _wrong(wrong: list[str]) -> list[str]:
    return [f"      >>> {text}" for text in wrong]
