"""``user``: who may use the desk, and what they may do at which tenant."""

from collections.abc import Mapping
from typing import Any

import click

from connector.cli.arguments import tenant_argument
from connector.cli.exit_codes import ExitCode
from connector.cli.failures import Failure
from connector.cli.output import facts, format_option, local_time, moment_text, say, show, table, tell
from connector.cli.session import actor, opened_services
from connector.pipeline.desk import accounts
from connector.pipeline.desk.accounts import LINK_LIFETIME, User
from connector.pipeline.desk.passwords import LONGEST, SHORTEST
from connector.pipeline.desk.roles import Role
from connector.pipeline.onboarding import find_tenant
from connector.store import desk_users
from connector.store.desk_users import UserEvent

login_argument = click.argument("login", metavar="LOGIN")

role_type = click.Choice([role.value for role in Role])

LIST_COLUMNS = ("login", "name", "state", "roles", "password_set")

_RULE = f"{SHORTEST} to {LONGEST} characters, any kind; best a sentence of several words"


@click.group()
def user() -> None:
    """Users of the desk: their accounts and their roles."""


@user.command()
@login_argument
@click.option("--name", required=True, help="The person's name, as others see it.")
@click.option("--tenant", "tenant_key", metavar="TENANT", help="Give a role at this tenant at once.")
@click.option("--role", type=role_type, help="The role at --tenant.")
@click.option("--installation-admin", is_flag=True, help="Admin of every tenant, also of those to come.")
@click.option("--ask-password", is_flag=True, help="Ask for the password here instead of making a link.")
@format_option
def add(
    *,
    login: str,
    name: str,
    tenant_key: str | None,
    role: str | None,
    installation_admin: bool,
    ask_password: bool,
    fmt: str,
) -> None:
    """Add a user (LOGIN: an e-mail address or a name) and print a one-time link for the password."""
    if (tenant_key is None) != (role is None):
        raise Failure(
            ["Error: --tenant and --role go together.", "  → Give both, or neither and set a role later."],
            ExitCode.USAGE,
        )
    with opened_services() as services:
        if tenant_key:
            find_tenant(services, tenant_key)
        row = accounts.add_user(
            services, login, name=name, installation_admin=installation_admin, actor=actor()
        )
        if tenant_key and role:
            accounts.set_role(services, row.login, tenant_key, Role(role), actor=actor())
        link = "" if ask_password else accounts.make_link(services, row.login, actor=actor())
        if ask_password:
            accounts.set_password(services, row.login, _asked_password(), actor=actor())
    value = {"login": row.login, "name": row.name, "link": link or None}
    show(fmt, value, lambda _: [f"User {row.login} is added.", *_link_lines(link)])
    if not (role or installation_admin):
        say(f"  → They see nothing yet: ml-connector user set-role {row.login} TENANT ROLE")


@user.command("list")
@click.option("--tenant", "tenant_key", metavar="TENANT", help="Only those with a role at this tenant.")
@format_option
def list_(*, tenant_key: str | None, fmt: str) -> None:
    """Users and their roles."""
    with opened_services() as services:
        if tenant_key:
            find_tenant(services, tenant_key)
        found = [_facts(found) for found in accounts.users(services)]
    if tenant_key:
        found = [one for one in found if tenant_key in one["roles"] or one["installation_admin"]]
    show(fmt, found, _list_lines)


@user.command("show")
@login_argument
@format_option
def show_(*, login: str, fmt: str) -> None:
    """A user, and the record of who changed what about the account."""
    with opened_services() as services, services.database.transaction() as tx:
        row = accounts.find_user(tx, login)
        value = {
            **_facts(User(row, tuple(desk_users.roles_of(tx, row.id)))),
            "events": [_event(event) for event in desk_users.events_of(tx, row.id)],
        }
    show(fmt, value, _show_lines)


@user.command("set-role")
@login_argument
@tenant_argument
@click.argument("role", type=role_type)
def set_role(*, login: str, tenant_key: str, role: str) -> None:
    """Give a user a role at a tenant, in place of an earlier one."""
    with opened_services() as services:
        accounts.set_role(services, login, tenant_key, Role(role), actor=actor())
    tell(f"{accounts.login_name(login)} is {role} at {tenant_key}.")


@user.command("remove-role")
@login_argument
@tenant_argument
def remove_role(*, login: str, tenant_key: str) -> None:
    """Take a user's role at a tenant."""
    with opened_services() as services:
        accounts.remove_role(services, login, tenant_key, actor=actor())
    tell(f"{accounts.login_name(login)} has no role at {tenant_key} any longer.")


@user.command("installation-admin")
@login_argument
@click.option("--remove", is_flag=True, help="Take it away again.")
def installation_admin(*, login: str, remove: bool) -> None:
    """Make a user admin of every tenant."""
    with opened_services() as services:
        accounts.set_installation_admin(services, login, admin=not remove, actor=actor())
    now = "no longer" if remove else "now"
    tell(f"{accounts.login_name(login)} is {now} admin of every tenant.")


@user.command()
@login_argument
def disable(*, login: str) -> None:
    """Lock an account out; its sessions end at once."""
    with opened_services() as services:
        ended = accounts.set_disabled(services, login, disabled=True, actor=actor())
    tell(f"{accounts.login_name(login)} is disabled; {ended} open sessions ended.")


@user.command()
@login_argument
def enable(*, login: str) -> None:
    """Let a disabled account in again."""
    with opened_services() as services:
        accounts.set_disabled(services, login, disabled=False, actor=actor())
    tell(f"{accounts.login_name(login)} may log in again.")


@user.command()
@login_argument
def remove(*, login: str) -> None:
    """Erase the name, login and password of a disabled account. The record of its rights stays, by number."""
    with opened_services() as services:
        left = accounts.remove(services, login, actor=actor())
    tell(f"{accounts.login_name(login)} is removed. The record of the account's rights: {left}.")


@user.command()
@login_argument
def unlock(*, login: str) -> None:
    """Forget an account's wrong passwords, so that it may log in at once."""
    with opened_services() as services:
        were = accounts.unlock(services, login, actor=actor())
    told = "may log in again" if were else "was not locked: there were no wrong passwords lately"
    tell(f"{accounts.login_name(login)} {told}.")


@user.command()
@login_argument
@click.option("--link", "as_link", is_flag=True, help="Print a one-time link instead of asking here.")
def password(*, login: str, as_link: bool) -> None:
    """Set a password, asked for here, or print a link with which the user does. Open sessions end."""
    with opened_services() as services:
        if as_link:
            lines = _link_lines(accounts.make_link(services, login, actor=actor()))
        else:
            with services.database.transaction() as tx:
                accounts.find_user(tx, login)
            accounts.set_password(services, login, _asked_password(), actor=actor())
            lines = [f"The password of {accounts.login_name(login)} is set; open sessions ended."]
    for line in lines:
        tell(line)


def _asked_password() -> str:
    """From the terminal: an argument would stay in the shell's history and in the list of processes."""
    say(f"({_RULE})")
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more", err=True))


def _link_lines(link: str) -> list[str]:
    if not link:
        return []
    return [f"  Link for the password, works once, for {LINK_LIFETIME.days} days:", f"  {link}"]


def _facts(found: User) -> dict[str, Any]:
    row = found.row
    return {
        "login": row.login,
        "name": row.name,
        "state": "active" if row.active else "disabled",
        "installation_admin": row.installation_admin,
        "roles": {role.tenant_key: role.role for role in found.roles},
        "password_set_at": moment_text(row.password_set_at),
    }


def _event(event: UserEvent) -> dict[str, Any]:
    return {
        "at": moment_text(event.at),
        "event": event.event,
        "actor": event.actor,
        "message": event.message,
    }


def _list_lines(found: list[dict[str, Any]]) -> list[str]:
    rows = [
        {**one, "roles": _roles_text(one), "password_set": local_time(one["password_set_at"]) or "not yet"}
        for one in found
    ]
    return table(rows, LIST_COLUMNS, empty="There is no user. Add one: ml-connector user add LOGIN --name …")


def _show_lines(value: Mapping[str, Any]) -> list[str]:
    lines = facts(
        [
            ("User", f"{value['login']} ({value['name']})"),
            ("State", value["state"]),
            ("Roles", _roles_text(value)),
            ("Password set", local_time(value["password_set_at"]) or "not yet"),
        ]
    )
    lines += ["", "What happened (Berlin time):"]
    for event in value["events"]:
        what = event["event"].replace("_", " ")
        told = f": {event['message']}" if event["message"] else ""
        lines.append(f"  {local_time(event['at'])}  {what} (by {event['actor']}){told}")
    return lines


def _roles_text(value: Mapping[str, Any]) -> str:
    everywhere = ["admin of every tenant"] if value["installation_admin"] else []
    return ", ".join(everywhere + [f"{role} at {key}" for key, role in value["roles"].items()]) or "none"
