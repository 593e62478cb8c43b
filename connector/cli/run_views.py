"""What is shown of a run: the facts that an operator needs, and no customer data beyond the deal's title."""

from collections.abc import Mapping, Sequence
from typing import Any

from connector.cli.output import facts, local_time, moment_text
from connector.pipeline.deal_parts import IN_PARTS
from connector.pipeline.states import IGNORED
from connector.pipeline.summary import RunSummary, with_number
from connector.store.journal import JournalRow

TO_BOOK_IGNORED = (
    "  → To book it: change go_live_at or the [[ignore]] rule in the tenant's file, "
    "then ml-connector tenant apply FILE, then ml-connector run retry RUN"
)
"""The way out for a run that a rule has left alone."""

_SENTENCES_JOINED = ".; "
"""Between the problems of one error, each a sentence, where they are kept as one text (connector.errors)."""


def list_facts(summary: RunSummary, tenant_key: str) -> dict[str, Any]:
    """A run as one line of the list."""
    run = summary.run
    return {
        "run": run.id,
        "tenant": tenant_key,
        "deal": run.deal_id,
        "kind": run.kind,
        "part": run.part_key,
        "state": run.state,
        "document": summary.document_number,
        "amount": None if summary.amount is None else str(summary.amount),
        "currency": summary.currency,
        "debtor": summary.debtor_account,
        "due_at": moment_text(run.due_at),
        "told": " · ".join(_sentences(run.reason_message)) or run.ignore_rule or run.waiting_for,
        "updated_at": moment_text(run.updated_at),
    }


def run_facts(summary: RunSummary, tenant_key: str) -> dict[str, Any]:
    """Everything about a run but its journal."""
    run = summary.run
    return {
        "run": run.id,
        "tenant": tenant_key,
        "deal": run.deal_id,
        "title": run.title,
        "kind": run.kind,
        "revision": run.revision,
        "part": run.part,
        "part_key": run.part_key,
        "part_date": run.part_date.isoformat() if run.part_date else None,
        "state": run.state,
        "waiting_for": run.waiting_for,
        "due_at": moment_text(run.due_at),
        "attempts": run.attempts,
        "reason": {
            "code": run.reason_code,
            "message": run.reason_message,
            "cure": with_number(run.reason_cure, run.id),
        },
        "ignore_rule": run.ignore_rule,
        "debtor_account": summary.debtor_account,
        "revenue_accounts": list(summary.revenue_accounts),
        "amount": None if summary.amount is None else str(summary.amount),
        "currency": summary.currency,
        "document_number": summary.document_number,
        "document_guid": summary.document_guid,
        "batch": run.batch_id,
        "datev_job": summary.job_id,
        "config_version": run.config_version,
        "created_at": moment_text(run.created_at),
        "updated_at": moment_text(run.updated_at),
    }


def story(rows: Sequence[JournalRow], run_id: int) -> list[dict[str, Any]]:
    """The journal, oldest first. Of the details only the problems and the partner's answer are shown."""
    return [
        {
            "at": moment_text(row.at),
            "event": row.event,
            "from": row.from_state,
            "to": row.to_state,
            "actor": row.actor,
            "message": row.message,
            "problems": [
                {**problem, "cure": with_number(problem.get("cure", ""), run_id)}
                for problem in row.details.get("problems", [])
            ],
            "answer": row.details.get("answer"),
        }
        for row in rows
    ]


def show_lines(value: Mapping[str, Any]) -> list[str]:
    """The page of one run."""
    reason = value["reason"]
    lines = facts(
        [
            ("Run", f"{value['run']} ({value['kind']}, {value['tenant']})"),
            ("Deal", f"{value['deal']} {value['title']}".strip()),
            ("Part", _part_text(value)),
            ("State", value["state"]),
            ("Ignored by", value["ignore_rule"]),
            ("Waiting for", value["waiting_for"]),
            ("Due", local_time(value["due_at"])),
            ("Amount", f"{value['amount']} {value['currency']}" if value["amount"] else ""),
            ("Debtor", value["debtor_account"]),
            ("Revenue", value["revenue_accounts"]),
            ("Document", value["document_number"]),
            ("GUID", value["document_guid"]),
            ("DATEV job", value["datev_job"]),
        ]
    )
    if value["ignore_rule"] == IN_PARTS:
        lines.append(f"  → Its parts: ml-connector run list --deal {value['deal']}")
    elif value["state"] == IGNORED:
        lines.append(with_number(TO_BOOK_IGNORED, value["run"]))
    if reason["message"]:
        first, *more = _sentences(reason["message"])
        lines += ["", f"Reason: {first}", *(f"        {sentence}" for sentence in more)]
        lines += [f"  → {reason['cure']}"] if reason["cure"] else []
    lines += ["", "What happened (Berlin time):"]
    for row in value["journal"]:
        lines += _story_lines(row)
    return lines


def _part_text(value: Mapping[str, Any]) -> str:
    if not value["part"]:
        return ""
    return f"{value['part']} ({value['part_key']}), invoiced on {value['part_date']}"


def _sentences(text: str | None) -> list[str]:
    """The problems that a kept reason joins, one by one."""
    *joined, last = (text or "").split(_SENTENCES_JOINED)
    return [*(f"{sentence}." for sentence in joined), last] if text else []


def _story_lines(row: Mapping[str, Any]) -> list[str]:
    event = row["event"].replace("_", " ")
    moved = f"{row['from'] or '·'} → {row['to']}" if row["to"] and row["from"] != row["to"] else event
    message = f": {' · '.join(_sentences(row['message']))}" if row["message"] else ""
    lines = [f"  {local_time(row['at'])}  {moved} (by {row['actor']}){message}"]
    if len(row["problems"]) > 1:
        lines += [f"      - {problem['message']} → {problem['cure']}" for problem in row["problems"]]
    answer = row["answer"]
    if answer and answer.get("text"):
        lines.append(f"      {answer['partner']} said: {answer['text']}")
    if answer and answer.get("request_id"):
        lines.append(f"      request id {answer['request_id']} {answer.get('help_link') or ''}".rstrip())
    return lines
