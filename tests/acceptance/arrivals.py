"""What arrived at the sandbox, and whether each deal was handed over exactly once."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from webapp.sandbox.app import create_app
from webapp.sandbox.state import EXTENSION

DEBTORS = 16
POSTINGS = 21
"""DATEV's format categories of an EXTF file."""

DONE = 10
"""Of the thirteen deals ten are booked; two need attention and one is from before the go-live."""

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


def booked_documents(demo_text: str) -> list[str]:
    """The document numbers that a demo says it has booked."""
    return re.findall(r"^ +Document: +(\S+), GUID \S{36}$", demo_text, re.MULTILINE)


def broken_promises(found: dict[str, Any], documents: list[str]) -> list[str]:
    """Everything that is missing, double or dead; empty: each document arrived exactly once.

    :param documents: numbers that must have arrived; others (of an interrupted demo) may have, once.
    """
    extf = found["extf_files"]
    postings = [file for file in extf if file["data_category_id"] == POSTINGS]
    debtors = [file for file in extf if file["data_category_id"] == DEBTORS]
    jobs = [job for job in found["dxso_jobs"] if job["finalised_at"] and not job["deleted"]]
    booked = [*(_numbers_of(file) for file in postings), *(_number_of(job) for job in jobs)]
    broken = [] if len(set(documents)) == DONE else [f"{len(set(documents))} documents instead of {DONE}"]
    broken += _not_once("document", booked, documents)
    links = [guid for file in postings for guid in set(file["linked_guids"])]
    broken += _not_once("GUID", [document["guid"] for document in found["documents"]], links)
    used = [row["Konto"] for file in postings for row in file["rows"]]
    broken += _not_once("debtor", [row["Konto"] for file in debtors for row in file["rows"]], used)
    dead = [(file["filename"], guid) for file in postings for guid in file["dead_links"]]
    broken += [f"{file_name} links to {guid}, which is nowhere" for file_name, guid in dead]
    broken += [f"{f['filename']} ended with {f['result']}" for f in extf if f["result"] != "succeeded"]
    broken += [f"job {job['id']} ended with {job['status']}" for job in jobs if job["status"] != SUCCEEDED]
    return broken


def _not_once(what: str, arrived: list[str], wanted: Iterable[str]) -> list[str]:
    counted = Counter(arrived)
    counted.update(dict.fromkeys(wanted, 0))
    return [f"{what} {key} arrived {count} times" for key, count in counted.items() if count != 1]


def _numbers_of(file: dict[str, Any]) -> str:
    return ", ".join(sorted({row["Belegfeld 1"] for row in file["rows"]}))


def _number_of(job: dict[str, Any]) -> str:
    names = [re.fullmatch(r"Rechnungsbild_RA_(.+)\.pdf", file["name"]) for file in job["files"]]
    return ", ".join(sorted(match.group(1) for match in names if match))
