"""What arrived at the sandbox, and whether each deal was handed over exactly once."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

from webapp.sandbox.app import create_app
from webapp.sandbox.state import EXTENSION

DEBTORS = 16
POSTINGS = 21
"""DATEV's format categories of an EXTF file."""

DONE_BY_EXTF = 6
DONE_BY_DXSO = 4
DEBTORS_BY_EXTF = 4
"""Of the thirteen deals ten are booked; two need attention and one is from before the go-live.
Six of the ten are of the EXTF tenant, for four customers; every demo has new customers."""

SUCCEEDED = 2
"""Status of a DXSO job that DATEV took over whole."""


def arrivals(var_dir: Path) -> dict[str, Any]:
    """The sandbox's memory, read after its end from its state file."""
    app = create_app(str(var_dir / "sandbox"), deliver=False)
    try:
        found: dict[str, Any] = app.test_client().get("/control/arrivals").get_json()
        return found
    finally:
        app.extensions[EXTENSION].close()


def broken_promises(found: dict[str, Any]) -> list[str]:
    """Everything that is missing, double or dead; empty: each deal arrived exactly once."""
    extf = found["extf_files"]
    postings = [file for file in extf if file["data_category_id"] == POSTINGS]
    debtors = [file for file in extf if file["data_category_id"] == DEBTORS]
    jobs = [job for job in found["dxso_jobs"] if job["finalised_at"] and not job["deleted"]]
    accounts = [row["Konto"] for file in debtors for row in file["rows"]]
    broken = [
        *_not_once("batch with the document", [_documents_of(file) for file in postings], DONE_BY_EXTF),
        *_not_once("job for the document", [_number_of(job) for job in jobs], DONE_BY_DXSO),
        *_not_once("document of the EXTF tenant", [d["name"] for d in found["documents"]], DONE_BY_EXTF),
        *_not_once("GUID", [document["guid"] for document in found["documents"]], DONE_BY_EXTF),
        *_not_once("debtor", accounts, DEBTORS_BY_EXTF),
    ]
    broken += [
        f"{f['filename']} links to {link}, which is nowhere" for f in postings for link in f["dead_links"]
    ]
    broken += [f"{f['filename']} ended with {f['result']}" for f in extf if f["result"] != "succeeded"]
    broken += [f"job {job['id']} ended with {job['status']}" for job in jobs if job["status"] != SUCCEEDED]
    return broken


def _not_once(what: str, keys: list[str], wanted: int) -> list[str]:
    counted = Counter(keys)
    wrong = [f"{what} {key}: {count} times" for key, count in counted.items() if count > 1]
    if len(counted) != wanted:
        wrong.append(f"{what}: {len(counted)} instead of {wanted}")
    return wrong


def _documents_of(file: dict[str, Any]) -> str:
    return ", ".join(sorted({row["Belegfeld 1"] for row in file["rows"]}))


def _number_of(job: dict[str, Any]) -> str:
    names = [re.fullmatch(r"Rechnungsbild_RA_(.+)\.pdf", file["name"]) for file in job["files"]]
    return ", ".join(sorted(match.group(1) for match in names if match))
