"""``user``: accounts, roles, passwords and links, and the record of it all."""

import json

from connector.pipeline.desk.sessions import Entered, Refused, log_in
from connector.store import desk_sessions, desk_users, journal
from connector.store.desk_sessions import ACCOUNT
from tests.integration.cli.conftest import Machine
from tests.unit.cli.console import command

PASSWORD = "ein Satz aus mehreren Wörtern"


def user(machine: Machine, login: str = "anna@example.org") -> dict:
    return json.loads(machine.run("user", "show", login, "--format", "json").stdout)


def added(machine: Machine, *more: str) -> dict:
    answer = machine.run("user", "add", "Anna@Example.org", "--name", "Anna", *more, "--format", "json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def enters(machine: Machine, password: str = PASSWORD) -> bool:
    done = log_in(
        machine.services,
        login="anna@example.org",
        password=password,
        address="192.0.2.1",
        language="de",
    )
    return isinstance(done, Entered)


def set_password(machine: Machine, password: str = PASSWORD) -> None:
    typed = f"{password}\n{password}\n"
    answer = command("user", "password", "anna@example.org", environ=machine.environ, stdin=typed)
    assert answer.exit_code == 0, answer.output


def test_a_user_is_added_with_a_role_and_a_link_but_no_password(machine: Machine) -> None:
    machine.add_tenant()

    value = added(machine, "--tenant", "acme", "--role", "bookkeeper")

    assert value["login"] == "anna@example.org"
    assert value["link"].startswith(f"{machine.environ['MLC_PUBLIC_URL']}/desk/password/new?link=")
    assert user(machine)["roles"] == {"acme": "bookkeeper"}
    assert user(machine)["password_set_at"] is None
    assert not enters(machine)


def test_the_same_login_name_is_not_taken_twice_whatever_its_capitals(machine: Machine) -> None:
    added(machine)

    again = machine.run("user", "add", "ANNA@example.org", "--name", "Anna")

    assert again.exit_code == 1
    assert "There is a user anna@example.org already." in again.stderr


def test_a_tenant_without_a_role_is_a_wrong_use(machine: Machine) -> None:
    assert machine.run("user", "add", "anna", "--name", "Anna", "--tenant", "acme").exit_code == 2


def test_a_password_is_typed_at_the_terminal_and_opens_the_desk(machine: Machine) -> None:
    added(machine)

    set_password(machine)

    assert enters(machine)
    assert not enters(machine, "another sentence of words")


def test_a_password_that_is_too_short_is_refused_with_the_cure(machine: Machine) -> None:
    added(machine)

    answer = command("user", "password", "anna@example.org", environ=machine.environ, stdin="short\nshort\n")

    assert answer.exit_code == 1
    assert "shorter than 12 characters" in answer.stderr


def test_disabling_ends_every_session_and_enabling_lets_in_again(machine: Machine) -> None:
    added(machine)
    set_password(machine)
    assert enters(machine)

    assert "1 open sessions ended" in machine.run("user", "disable", "anna@example.org").stdout
    assert not enters(machine)

    machine.run("user", "enable", "anna@example.org")
    assert enters(machine)


def test_a_disabled_account_is_removed_and_leaves_its_number_only(machine: Machine) -> None:
    machine.add_tenant()
    added(machine)
    set_password(machine)
    machine.run("user", "set-role", "anna@example.org", "acme", "bookkeeper")
    number = _id_of(machine, "anna@example.org")
    in_use = machine.run("user", "remove", "anna@example.org")
    assert (1, True) == (in_use.exit_code, "user disable anna@example.org" in in_use.stderr)

    machine.run("user", "disable", "anna@example.org")
    left = f"(removed {number})"
    assert left in machine.run("user", "remove", "anna@example.org").stdout

    assert not enters(machine)
    with machine.services.database.transaction() as tx:
        row = desk_users.get(tx, number)
        told = [event.event for event in desk_users.events_of(tx, number)]
    assert (left, "", None, {}) == (row.login, row.name, row.password_hash, user(machine, left)["roles"])
    assert ["role_changed", "removed"] == told[-2:]
    added(machine)


def _id_of(machine: Machine, login: str) -> int:
    with machine.services.database.transaction() as tx:
        found = desk_users.find(tx, login)
    assert found is not None
    return found.id


def test_a_changed_role_stands_in_the_tenants_journal_and_in_the_users_record(machine: Machine) -> None:
    tenant = machine.add_tenant()
    added(machine)

    machine.run("user", "set-role", "anna@example.org", "acme", "viewer")
    machine.run("user", "set-role", "anna@example.org", "acme", "admin")
    machine.run("user", "remove-role", "anna@example.org", "acme")

    changes = ["no role → viewer", "viewer → admin", "admin → no role"]
    record = [event["message"] for event in user(machine)["events"] if event["event"] == "role_changed"]
    with machine.services.database.transaction() as tx:
        rows = journal.of_tenant_since(tx, tenant.id, "role_changed", tenant.go_live_at)
    assert changes == record
    assert [f"anna@example.org: {change}" for change in changes] == [row.message for row in rows]


def test_a_locked_account_is_unlocked_by_hand(machine: Machine) -> None:
    added(machine)
    set_password(machine)
    for _attempt in range(11):
        enters(machine, "wrong wrong wrong")
    assert not enters(machine)

    assert "may log in again" in machine.run("user", "unlock", "anna@example.org").stdout

    assert enters(machine)


def test_an_unknown_user_is_named(machine: Machine) -> None:
    for arguments in (("disable",), ("unlock",), ("password", "--link")):
        answer = machine.run("user", *arguments, "nobody")
        assert answer.exit_code == 1
        assert "There is no user 'nobody'." in answer.stderr


def test_refused_log_ins_are_counted_by_reason(machine: Machine) -> None:
    added(machine)
    done = [
        log_in(machine.services, login="anna@example.org", password="x", address="a", language="de")
        for _attempt in range(12)
    ]

    assert ["wrong"] * 10 + ["locked"] * 2 == [one.reason for one in done if isinstance(one, Refused)]
    with machine.services.database.transaction() as tx:
        assert {"wrong": 10, "locked": 2} == desk_sessions.refused_by_reason(tx)
        assert not desk_sessions.forget_attempts(tx, ACCOUNT, "anna@example.org"), "kept only hashed"
