"""``ml-connector backfill``: what it brings in, what it asks, and what it leaves alone."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from click.testing import Result

from connector.pipeline import backfill
from connector.store import journal, runs, tenants
from connector.store import tables as t
from connector.tenants.config import (
    IgnoreBy,
    IgnoreRule,
    PipedriveAuth,
    PipedriveConfig,
    SecretName,
)
from tests.integration.cli.conftest import Machine
from tests.unit.cli.console import command

GO_LIVE = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass
class Company:
    """The tenant ``acme`` with a Pipedrive company of its own."""

    machine: Machine
    domain: str

    def won(self, deal_id: int, won_time: str, **more: Any) -> None:
        """A deal won at a time, of which nobody tells."""
        deal = {"id": deal_id, "title": f"Deal {deal_id}", "value": 100, **more}
        self.machine.sandbox.control(f"/pipedrive/accounts/{self.domain}/seed", deals=[deal])
        self.act(deal_id, "win", won_time=won_time)

    def act(self, deal_id: int, action: str, **body: Any) -> None:
        """Somebody does something with the deal."""
        self.machine.sandbox.control(f"/pipedrive/accounts/{self.domain}/deals/{deal_id}/{action}", **body)

    def backfill(self, *arguments: str) -> Result:
        """Run the command."""
        return self.machine.run("backfill", "--tenant", "acme", *arguments)

    def outlooks(self, *arguments: str) -> dict[int, str]:
        """Of a dry run: what becomes of each deal."""
        shown = self.backfill("--dry-run", "--format", "json", *arguments)
        assert shown.exit_code == 0, shown.output
        return {deal["deal"]: deal["outlook"] for deal in json.loads(shown.stdout)["deals"]}

    def runs(self) -> dict[int, tuple[str, str]]:
        """State and rule of each deal's run."""
        with self.machine.services.database.transaction() as tx:
            return {row.deal_id: (row.state, row.ignore_rule) for row in runs.search(tx)}

    def told(self, event: str) -> list[tuple[str, str]]:
        """Who did what, of one kind."""
        with self.machine.services.database.transaction() as tx:
            tenant = tenants.find(tx, "acme")
            assert tenant is not None
            rows = journal.of_tenant_since(tx, tenant.id, event, datetime(2020, 1, 1, tzinfo=UTC))
        return [(row.actor.partition(" ")[0], row.message) for row in rows]

    def answer(self, typed: str, *arguments: str) -> Result:
        """Run the command for a person who types."""
        arguments = ("backfill", "--tenant", "acme", *arguments)
        return command(*arguments, environ=self.machine.environ, stdin=typed)


@pytest.fixture
def company(machine: Machine) -> Company:
    """A tenant that went live in March."""
    domain = f"company-{uuid4().hex[:8]}"
    machine.sandbox.control("/pipedrive/accounts", company_domain=domain, api_token=domain, name="Acme GmbH")
    row = machine.add_tenant(
        go_live_at=GO_LIVE,
        pipedrive=PipedriveConfig(auth=PipedriveAuth.TOKEN, company_domain=domain),
        ignore=(IgnoreRule("no cents", IgnoreBy.VALUE_ZERO, ()),),
    )
    with machine.services.database.transaction() as tx:
        token = machine.services.vault.encrypt(domain)
        tenants.set_secret(tx, row.id, SecretName.PIPEDRIVE_API_TOKEN, token, now=datetime.now(UTC))
    return Company(machine, domain)


def test_deals_won_since_a_day_are_brought_in_and_a_repeat_changes_nothing(company: Company) -> None:
    company.won(1, "2026-03-02T10:00:00Z")
    company.won(2, "2026-05-02T10:00:00Z")
    company.won(3, "2026-05-03T10:00:00Z")
    company.act(3, "update", is_archived=True)

    done = company.backfill("--since", "2026-05-01")
    again = company.backfill("--since", "2026-05-01")

    assert {2: ("received", ""), 3: ("received", "")} == company.runs()
    assert "2 deals won since 2026-05-01: 2 to be booked." in done.stdout
    assert "2 deals won since 2026-05-01: 2 known already." in again.stdout
    assert [("operator", "book: 2")] == company.told("backfilled")


def test_the_progress_is_told_beside_the_result(company: Company) -> None:
    company.won(1, "2026-05-02T10:00:00Z")

    done = company.backfill("--since", "2026-05-01", "--format", "json")

    assert {"book": 1} == json.loads(done.stdout)["counts"]
    assert "Reading Pipedrive's lists" in done.stderr
    assert "Bringing deals in" in done.stderr


def test_a_dry_run_says_of_each_deal_what_becomes_of_it_and_stores_nothing(company: Company) -> None:
    company.won(1, "2026-03-02T10:00:00Z")
    company.backfill("--since", "2026-03-01")
    company.won(2, "2026-03-03T10:00:00Z")
    company.won(3, "2026-03-04T10:00:00Z", value=0)
    company.act(2, "reopen")
    rows = table_sizes(company)

    shown = company.backfill("--since", "2026-03-01", "--dry-run")

    assert {1: "known", 3: "ignore"} == company.outlooks("--since", "2026-03-01")
    assert "left as it is, run 1: received" in shown.stdout
    assert "ignored by the rule: no cents" in shown.stdout
    assert "Nothing was stored." in shown.stdout
    assert rows == table_sizes(company)


def table_sizes(company: Company) -> dict[str, int]:
    with company.machine.services.database.transaction() as tx:
        return {table.name: len(tx.execute(table.select()).all()) for table in (t.run, t.inbox, t.journal)}


def test_a_deal_that_has_changed_unnoticed_is_read_again(company: Company) -> None:
    company.won(1, "2026-03-02T10:00:00Z")
    company.backfill("--since", "2026-03-01")
    with company.machine.services.database.transaction() as tx:
        facts = tx.execute(t.inbox.select()).one().facts
        earlier = datetime.fromisoformat(facts["as_of"]) - timedelta(hours=1)
        tx.execute(t.inbox.update().values(event_id="earlier", facts={**facts, "as_of": earlier.isoformat()}))

    done = company.backfill("--since", "2026-03-01")

    assert "1 read again" in done.stdout
    with company.machine.services.database.transaction() as tx:
        told = [row.message for row in journal.of_run(tx, 1)]
    assert "The deal has changed." == told[-1]


def test_before_go_live_wants_an_option(company: Company) -> None:
    refused = company.backfill("--since", "2026-01-15")

    assert 2 == refused.exit_code
    assert "2026-01-15 is before the go-live of acme, 2026-03-01 01:00:00 (Berlin)" in refused.stderr
    assert "--since 2026-03-01" in refused.stderr
    assert "--before-go-live" in refused.stderr


def test_a_deal_first_won_before_go_live_and_won_again_since_is_ignored_by_name(company: Company) -> None:
    company.won(1, "2026-01-10T10:00:00Z")
    company.act(1, "reopen")
    company.act(1, "win")

    company.backfill("--since", "2026-03-01")

    assert {1: ("ignored", "won before go-live")} == company.runs()


EARLY = ("--since", "2026-01-01", "--before-go-live")


def test_before_go_live_is_booked_after_the_tenants_key_was_typed(company: Company) -> None:
    company.won(1, "2026-01-10T10:00:00Z")
    company.won(2, "2026-01-11T10:00:00Z", value=0)
    company.won(3, "2026-04-11T10:00:00Z")

    done = company.answer("acme\n", *EARLY)

    assert 0 == done.exit_code, done.output
    early = ("ignored", "won before go-live")
    assert {1: ("received", ""), 2: early, 3: ("received", "")} == company.runs()
    assert "What somebody has booked by hand already will be booked twice." in done.stderr
    confirmed = "1 deals first won before go-live are to be booked."
    assert [("operator", confirmed)] == company.told("backfill_confirmed")


@pytest.mark.parametrize("typed", ["yes\n", "\n", "", "Acme\n"])
def test_anything_else_typed_stores_nothing(company: Company, typed: str) -> None:
    company.won(1, "2026-01-10T10:00:00Z")
    company.won(2, "2026-04-11T10:00:00Z")

    refused = company.answer(typed, *EARLY)

    assert 1 == refused.exit_code
    assert ({}, [], []) == (company.runs(), company.told("backfill_confirmed"), company.told("backfilled"))


def test_a_deal_that_was_ignored_as_too_early_is_booked_once_confirmed(company: Company) -> None:
    company.won(1, "2026-01-10T10:00:00Z")
    company.act(1, "update", title="changed since go-live")
    ignored = company.outlooks("--since", "2026-01-01", "--before-go-live")
    services = company.machine.services
    with services.database.transaction() as tx:
        tenant = tenants.find(tx, "acme")
    assert tenant is not None
    for page in backfill.won_deals(services, tenant, datetime(2026, 1, 1, tzinfo=UTC)):
        for prospect in backfill.foresee(services, tenant, page, before_go_live=False):
            backfill.bring_in(services, tenant, prospect, actor="test")
    assert {1: ("ignored", "won before go-live")} == company.runs()

    company.answer("acme\n", *EARLY)
    again = company.answer("", *EARLY)

    assert {1: "book_despite_go_live"} == ignored
    assert {1: ("received", "")} == company.runs()
    assert 0 == again.exit_code, "nothing is left to be confirmed"


def test_without_early_deals_nothing_is_asked(company: Company) -> None:
    company.won(1, "2026-04-10T10:00:00Z")

    assert 0 == company.answer("", *EARLY).exit_code


@pytest.mark.parametrize(
    ("since", "said"),
    [
        ("01.03.2026", "'01.03.2026' is no day. Write it as 2026-01-31."),
        ("2026-02-30", "'2026-02-30' is no day."),
        ("0206-03-01", "0206-03-01 is earlier than any deal. Is the year right?"),
        ("2099-01-01", "2099-01-01 is in the future."),
    ],
)
def test_an_impossible_day_is_refused_with_the_reason(company: Company, since: str, said: str) -> None:
    refused = company.backfill("--since", since)

    assert 2 == refused.exit_code
    assert said in refused.stderr


def test_an_unknown_tenant_is_named(machine: Machine) -> None:
    refused = machine.run("backfill", "--tenant", "nobody", "--since", "2026-03-01")

    assert 1 == refused.exit_code
    assert "There is no tenant 'nobody'." in refused.stderr


def test_a_tenant_that_is_not_connected_is_told_how_to(machine: Machine) -> None:
    machine.add_tenant(go_live_at=GO_LIVE)

    refused = machine.run("backfill", "--tenant", "acme", "--since", "2026-03-01")

    assert 1 == refused.exit_code
    assert "ml-connector connect pipedrive acme" in refused.stderr


def test_a_backfill_broken_off_goes_on_where_it_was(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for deal in range(1, 6):
        company.won(deal, f"2026-04-0{deal}T10:00:00Z")
    real, count = backfill.intake.receive, iter(range(100))

    def interrupted(*args: Any) -> list[int]:
        if next(count) == 3:
            raise KeyboardInterrupt
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(backfill.intake, "receive", interrupted)
        assert 130 == company.backfill("--since", "2026-04-01").exit_code
    done = company.backfill("--since", "2026-04-01")

    assert "2 to be booked, 3 known already" in done.stdout
    assert {1, 2, 3, 4, 5} == set(company.runs())
