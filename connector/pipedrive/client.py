"""What the connector asks of Pipedrive, one method per question."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from connector.clock import Clock
from connector.errors import NotFoundError, PartnerRefusedError
from connector.http import HttpClient
from connector.pipedrive import operations as ops
from connector.pipedrive.moments import rfc3339
from connector.pipedrive.pace import Pace
from connector.pipedrive.shapes import id_of
from connector.pipedrive.transport import MAX_PAGES, Record, Renew, Transport, of_deal

MAX_IDS = 100
"""The parameter ``ids`` of a list takes at most so many."""
DEALS_PAGE_SIZE = 200
"""A deal carries all custom fields of its company, empty ones too: 18 KB with three hundred of them, so that
the largest page would go beyond what we read of an answer."""
FILES_PAGE_SIZE = 100
"""Largest page of a deal's files since 2025-01-15."""
MAX_FILE_BYTES = 20 * 1024 * 1024
"""DATEV takes documents up to 20 MB; a larger file is of no use to us."""
DEAL_GONE = "deal_not_found"
"""Tells a deal that is gone from a list or a file that is: only the first means that nothing is booked."""
WEBHOOK_LIMIT_STATUS = 422
"""How Pipedrive says that a user has its 40 webhooks already."""


class PipedriveClient:
    """One login at one company's Pipedrive.

    Every method returns plain data in Pipedrive's shape; numbers with a decimal point are Decimal, because
    ``Answer.json`` never makes floats. Every method may raise the families of
    :mod:`connector.pipedrive.verdicts` besides what it names itself.

    :param base_url: from :func:`connector.pipedrive.addresses.base_url`.
    :param authorization: gives the headers of the login for each call (``x-api-token`` or a bearer token), so
        that a token refreshed in between is used at once.
    :param renew: makes another login of a refused one, see :class:`Transport`.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        base_url: str,
        authorization: Callable[[], Mapping[str, str]],
        clock: Clock | None = None,
        pace: Pace | None = None,
        renew: Renew | None = None,
    ) -> None:
        self._transport = Transport(
            http, base_url=base_url, authorization=authorization, clock=clock, pace=pace, renew=renew
        )

    def me(self) -> Record:
        """The connected user, with ``company_domain``, ``company_name`` and ``default_currency``."""
        return self._transport.one(ops.GET_ME)

    def currencies(self) -> list[Record]:
        """All currencies of the company; ``is_custom_flag`` tells those that no bank knows."""
        return self._transport.whole_list(ops.LIST_CURRENCIES)

    # deals

    def deal(self, deal_id: int) -> Record:
        """One deal with its custom fields, and when it was first won, which is only told when asked for.

        :raises NotFoundError: with code :data:`DEAL_GONE`: deleted for good, or hidden from the connected
            user.
        """
        asked = {"include_fields": "first_won_time"}
        try:
            return self._transport.one(ops.GET_DEAL, params=asked, record_id=deal_id)
        except NotFoundError as e:
            raise NotFoundError(e.message, code=DEAL_GONE, cure=e.cure, answer=e.answer) from e

    def deals(
        self,
        *,
        status: str = "",
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> Iterator[Record]:
        """Deals by time of change, oldest first; archived ones are not among them.

        :param status: open, won, lost, deleted; several with commas.
        :param updated_since: inclusive, so the caller sees the last one again and drops it by id and time.
        """
        params = _deal_filter(status, updated_since, updated_until)
        return self._transport.pages_v2(ops.LIST_DEALS, params=params, most_pages=MAX_PAGES)

    def archived_deals(
        self,
        *,
        status: str = "",
        updated_since: datetime | None = None,
        updated_until: datetime | None = None,
    ) -> Iterator[Record]:
        """The same for archived deals, which are missing from every other list since 2025-07-15."""
        params = _deal_filter(status, updated_since, updated_until)
        return self._transport.pages_v2(ops.LIST_ARCHIVED_DEALS, params=params, most_pages=MAX_PAGES)

    def deal_page(
        self, *, archived: bool, status: str, updated_since: datetime, cursor: str = ""
    ) -> tuple[list[Record], str]:
        """One page of such a list, with the time when each deal was first won.

        :param archived: of the archived deals; they cost twice as much.
        :param cursor: where an earlier page said that the next one begins; all else as for that page.
        :returns: the deals, and the next page's cursor; empty: it was the last one.
        """
        params = {**_deal_filter(status, updated_since, None), "include_fields": "first_won_time"}
        if cursor:
            params["cursor"] = cursor
        return self._transport.page_v2(ops.LIST_ARCHIVED_DEALS if archived else ops.LIST_DEALS, params=params)

    def set_deal_field(self, deal_id: int, key: str, value: Any) -> None:
        """Write one custom field; an empty value clears it (with null, as v2 wants it).

        Nothing else of the deal is sent: a PATCH that carries ``value`` was seen to reset other fields.
        """
        content = {"custom_fields": {key: None if value in ("", [], None) else value}}
        self._transport.call(ops.PATCH_DEAL, json=content, record_id=deal_id)

    def lines(self, deal_id: int) -> list[Record]:
        """The product lines in the order in which the deal shows them."""
        found = self._transport.pages_v2(ops.LIST_LINES, params={"sort_by": "order_nr"}, record_id=deal_id)
        return of_deal(list(found), deal_id, ops.LIST_LINES)

    def discounts(self, deal_id: int) -> list[Record]:
        """The discounts on the whole deal."""
        found = self._transport.whole_list(ops.LIST_DISCOUNTS, record_id=deal_id)
        return of_deal(found, deal_id, ops.LIST_DISCOUNTS)

    def installments(self, deal_id: int) -> list[Record]:
        """The instalments of a deal, which only the list over several deals reads.

        :raises PermissionMissingError: also where the plan (below Growth) has no instalments.
        """
        found = self._transport.pages_v2(ops.LIST_INSTALLMENTS, params={"deal_ids": deal_id})
        return of_deal(list(found), deal_id, ops.LIST_INSTALLMENTS)

    # buyers and products

    def organization(self, organization_id: int) -> Record:
        """One organization.

        :raises NotFoundError: gone, merged away or hidden from the connected user.
        """
        return self._transport.one(ops.GET_ORGANIZATION, record_id=organization_id)

    def person(self, person_id: int) -> Record:
        """One person.

        :raises NotFoundError: gone, merged away or hidden from the connected user.
        """
        return self._transport.one(ops.GET_PERSON, record_id=person_id)

    def products(self, product_ids: Iterable[int]) -> list[Record]:
        """Catalog products by id; those that are gone for good are left out.

        A list leaves deleted and invisible ones out without a word, so whatever it lacks is asked for singly.
        """
        wanted = sorted(set(product_ids))
        found: dict[int, Record] = {}
        if len(wanted) > 1:
            for start in range(0, len(wanted), MAX_IDS):
                ids = ",".join(map(str, wanted[start : start + MAX_IDS]))
                for product in self._transport.pages_v2(ops.LIST_PRODUCTS, params={"ids": ids}):
                    found[id_of(product.get("id")) or 0] = product
        for product_id in wanted:
            if product_id not in found:
                try:
                    found[product_id] = self._transport.one(ops.GET_PRODUCT, record_id=product_id)
                except NotFoundError:
                    continue
        return [found[product_id] for product_id in wanted if product_id in found]

    def field_definitions(self, entity: str) -> list[Record]:
        """The fields of ``deal``, ``organization``, ``person`` or ``product``, built-in and custom."""
        return list(self._transport.pages_v2(ops.LIST_FIELDS[entity]))

    # files

    def files(self, deal_id: int) -> list[Record]:
        """The files attached to a deal (v1 shape)."""
        return list(
            self._transport.pages_v1(ops.LIST_DEAL_FILES, page_size=FILES_PAGE_SIZE, record_id=deal_id)
        )

    def file_content(self, file_id: int) -> bytes:
        """A file's bytes.

        The record's own ``url`` names another host and is never called: the token goes to the API only.

        :raises PartnerRefusedError: larger than 20 MB, which DATEV would not take.
        """
        body = self._transport.download(ops.DOWNLOAD_FILE, record_id=file_id).body
        if len(body) > MAX_FILE_BYTES:
            raise PartnerRefusedError(
                f"The file {file_id} in Pipedrive has {len(body)} bytes; DATEV takes 20 MB at most.",
                code="file_too_large",
                cure="Attach a smaller PDF to the deal and retry.",
            )
        return body

    # notes

    def notes(self, deal_id: int) -> list[Record]:
        """The notes of a deal, to find ours before another one is written."""
        return list(self._transport.pages_v1(ops.LIST_NOTES, params={"deal_id": deal_id}))

    def add_note(self, deal_id: int, content: str) -> Record:
        """Write a note. Not repeatable: the API knows no idempotency key.

        :param content: HTML; Pipedrive sanitises it.
        :raises AmbiguousError: it may have been written: look for it with :meth:`notes`.
        """
        envelope = self._transport.call(ops.ADD_NOTE, json={"content": content, "deal_id": deal_id})
        return self._transport.record(envelope, ops.ADD_NOTE)

    def update_note(self, note_id: int, content: str) -> Record:
        """Replace a note's content, so that notes do not pile up.

        :raises NotFoundError: someone deleted the note.
        """
        envelope = self._transport.call(ops.UPDATE_NOTE, json={"content": content}, record_id=note_id)
        return self._transport.record(envelope, ops.UPDATE_NOTE)

    # webhooks

    def webhooks(self) -> list[Record]:
        """The user's webhooks. The answer carries Basic passwords: never log it."""
        return self._transport.whole_list(ops.LIST_WEBHOOKS)

    def add_webhook(self, content: Mapping[str, Any]) -> Record:
        """Create a webhook; :func:`connector.pipedrive.subscriptions.subscribe` is the way to do it once.

        :raises PartnerRefusedError: with code ``webhook_limit`` when the user has 40 already.
        """
        try:
            envelope = self._transport.call(ops.ADD_WEBHOOK, json=dict(content))
        except PartnerRefusedError as e:
            if e.answer and e.answer.status == WEBHOOK_LIMIT_STATUS:
                raise PartnerRefusedError(
                    "Pipedrive allows 40 webhooks per user, and this user has them all.",
                    code="webhook_limit",
                    cure="Remove unneeded webhooks in Pipedrive's settings, then subscribe again.",
                    answer=e.answer,
                ) from e
            raise
        return self._transport.record(envelope, ops.ADD_WEBHOOK)

    def delete_webhook(self, webhook_id: int) -> None:
        """Remove a webhook; one that is gone already is fine, so the call may be repeated."""
        try:
            self._transport.call(ops.DELETE_WEBHOOK, record_id=webhook_id)
        except NotFoundError:
            return


def _deal_filter(status: str, since: datetime | None, until: datetime | None) -> dict[str, Any]:
    params: dict[str, Any] = {
        "limit": DEALS_PAGE_SIZE,
        "sort_by": "update_time",
        "sort_direction": "asc",
    }
    if status:
        params["status"] = status
    if since:
        params["updated_since"] = rfc3339(since)
    if until:
        params["updated_until"] = rfc3339(until)
    return params
