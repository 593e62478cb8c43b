"""Our webhook at Pipedrive: listed before it is created, so that nobody gets every event twice."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connector.errors import TransientError
from connector.pipedrive.client import PipedriveClient
from connector.pipedrive.merges import MERGEABLE
from connector.pipedrive.moments import moment
from connector.pipedrive.shapes import id_of
from connector.storable import storable


@dataclass(frozen=True, slots=True)
class Subscription:
    """The webhook we want."""

    url: str
    user: str
    password: str = field(repr=False)
    version: str = "2.0"
    event_action: str = "*"
    """All: reopened, deleted and merged deals matter as well as won ones."""
    event_object: str = "deal"
    name: str = "ml-connector"

    @property
    def event(self) -> str:
        """What it brings, in Pipedrive's notation."""
        return f"{self.event_object}.{self.event_action}"


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as Pipedrive lists it, without its password."""

    id: int
    url: str
    event_action: str
    event_object: str
    version: str
    is_active: bool
    name: str
    last_status: int | None
    remove_reason: str
    last_delivery_at: datetime | None = None

    @property
    def event(self) -> str:
        """What it brings, in Pipedrive's notation."""
        return f"{self.event_object}.{self.event_action}"

    @property
    def last_failed(self) -> bool:
        """Whether nobody took its last delivery. A ban shows as nothing else: the list does not tell it."""
        if self.last_delivery_at is None:
            return False
        return self.last_status is None or not 200 <= self.last_status < 300


@dataclass(frozen=True, slots=True)
class Subscribed:
    """What :func:`subscribe` did."""

    webhook: Webhook
    created: bool
    replaced: tuple[int, ...]
    """Hooks of ours to the same address that were removed because something about them was different."""


def list_webhooks(client: PipedriveClient, *, url: str = "") -> list[Webhook]:
    """The user's webhooks, all or those to one address."""
    return [
        webhook_of(record) for record in client.webhooks() if not url or record.get("subscription_url") == url
    ]


def subscribe(
    client: PipedriveClient,
    wanted: Subscription,
    *,
    distrusted: Collection[int] = (),
    owned: Collection[int] | None = None,
) -> Subscribed:
    """Make sure that exactly one webhook brings us these events.

    There is no update: a hook to our address with another version or password is replaced, the new one
    first, so that no event falls into a gap (what the old one still sends is refused by its old password).
    Hooks of ours about other objects are left alone.

    :param distrusted: hooks that are replaced even if they are as wanted: they may be banned.
    :param owned: only these are removed, whatever else is there; None: whatever competes.
    :raises PartnerRefusedError: ``webhook_limit``, or an address that Pipedrive cannot reach.
    """
    ours = [record for record in client.webhooks() if _competes(record, wanted)]
    known = [webhook_of(record).id for record in ours]
    equal = [
        record
        for record, webhook_id in zip(ours, known, strict=True)
        if webhook_id not in distrusted and _is_equal(record, wanted)
    ]
    kept = webhook_of(equal[0]) if equal else webhook_of(client.add_webhook(_content(wanted)))
    superfluous = tuple(
        webhook_id for webhook_id in known if webhook_id != kept.id and (owned is None or webhook_id in owned)
    )
    for webhook_id in superfluous:
        client.delete_webhook(webhook_id)
    return Subscribed(kept, created=not equal, replaced=superfluous)


def compare(
    records: Sequence[Mapping[str, Any]], wanted: Subscription
) -> tuple[list[Webhook], list[Webhook]]:
    """The hooks to our address for these events: those that are as wanted, and those that differ.

    :param records: all that Pipedrive lists (:meth:`PipedriveClient.webhooks`).
    """
    ours = [record for record in records if _competes(record, wanted)]
    return (
        [webhook_of(record) for record in ours if _is_equal(record, wanted)],
        [webhook_of(record) for record in ours if not _is_equal(record, wanted)],
    )


def unsubscribe(client: PipedriveClient, url: str) -> tuple[int, ...]:
    """Remove every webhook to our address; returns their ids."""
    ids = tuple(webhook.id for webhook in list_webhooks(client, url=url))
    for webhook_id in ids:
        client.delete_webhook(webhook_id)
    return ids


def webhook_of(record: Mapping[str, Any]) -> Webhook:
    """Pipedrive's record without the secrets in it.

    :raises TransientError: it has no id, so it could neither be kept nor removed.
    """
    webhook_id = id_of(record.get("id"))
    if webhook_id is None:
        # The record itself stays out of the message: it carries a password.
        raise TransientError(
            "Pipedrive lists a webhook without an id.",
            code="malformed_answer",
            field="id",
            cure="Try again; if it stays so, ask Pipedrive's support.",
        )
    return Webhook(
        id=webhook_id,
        url=_text(record, "subscription_url"),
        event_action=_text(record, "event_action"),
        event_object=_text(record, "event_object"),
        version=_text(record, "version"),
        is_active=bool(record.get("is_active")),
        name=_text(record, "name"),
        last_status=_status(record.get("last_http_status")),
        remove_reason=_text(record, "remove_reason"),
        last_delivery_at=_time(record.get("last_delivery_time")),
    )


def _competes(record: Mapping[str, Any], wanted: Subscription) -> bool:
    """Whether a hook brings to the same address what the wanted one brings, or what nobody wants."""
    others = {"deal", *MERGEABLE} - {wanted.event_object}
    return record.get("subscription_url") == wanted.url and record.get("event_object") not in others


def _text(record: Mapping[str, Any], name: str) -> str:
    return storable(str(record.get(name) or ""))


def _status(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(value: Any) -> datetime | None:
    try:
        return moment(value)
    except ValueError:
        return None


def _content(wanted: Subscription) -> dict[str, Any]:
    return {
        "subscription_url": wanted.url,
        "event_action": wanted.event_action,
        "event_object": wanted.event_object,
        "name": wanted.name,
        "version": wanted.version,
        "http_auth_user": wanted.user,
        "http_auth_password": wanted.password,
    }


def _is_equal(record: Mapping[str, Any], wanted: Subscription) -> bool:
    same = all(
        str(record.get(name) or "") == value
        for name, value in _content(wanted).items()
        if name not in {"name", "version"}
    )
    # "2" and "2.0" were both seen.
    version = str(record.get("version") or "").removesuffix(".0")
    return same and version == wanted.version.removesuffix(".0") and bool(record.get("is_active"))
