"""The buyer of a deal: its organization, or the person where there is none."""

import re
from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.vat_ids import canonical_vat_id, normalise_vat_id
from connector.pipedrive.countries import country_code, country_part
from connector.pipedrive.field_reader import FieldReader, as_text
from connector.pipedrive.field_values import PostalParts, UnreadableValueError, postal_parts
from connector.pipedrive.shapes import READ_AGAIN, flag_of, id_of
from connector.tenants.config import SaleConfig

_POSTAL_LINE = re.compile(r"(?:(?P<sign>[A-Z]{1,3})[- ])?(?P<code>\d[\d ]{2,5}\d)\s+(?P<city>\D.*)")
"""``D-80331 München``, ``1010 Wien``: a postal code in front of the place, as most of Europe writes it."""


def read_buyer(bundle: Mapping[str, Any], config: SaleConfig, reader: FieldReader) -> Party | None:
    """Who buys, with address, status and VAT id.

    None if there is nobody to send an invoice to; why is reported to the reader.
    """
    deal = bundle["deal"]
    organization = _record(bundle, "organization", deal.get("org_id"), reader)
    person = bundle.get("person") if isinstance(bundle.get("person"), Mapping) else None
    if deal.get("org_id") is not None or organization is not None:
        return _organization(organization, person, config, reader) if organization is not None else None
    person = _record(bundle, "person", deal.get("person_id"), reader)
    if person is not None:
        return _person(person, config, reader)
    if deal.get("person_id") is None:
        reader.report(
            "buyer_missing",
            "The deal has neither an organization nor a person.",
            "organization",
            "Link the deal to its buyer in Pipedrive.",
        )
    return None


def _record(
    bundle: Mapping[str, Any], part: str, wanted: Any, reader: FieldReader
) -> Mapping[str, Any] | None:
    record = bundle.get(part)
    if not isinstance(record, Mapping):
        if wanted is not None:
            known = bundle.get("unavailable")
            reason = known.get(part) if isinstance(known, Mapping) else None
            reader.report(
                "buyer_unavailable",
                reason or f"The deal's {part} {wanted} could not be read.",
                part,
                f"Restore the {part}, make it visible to the connected user, or link another to the deal.",
            )
        return None
    if id_of(record.get("id")) is None:
        # The id is the buyer's identity: without it one debtor account would serve several buyers.
        reader.report(
            "buyer_id_missing", f"The deal's {part} has no id: {record.get('id')!r:.60}.", part, READ_AGAIN
        )
    deleted = record.get("is_deleted")
    if deleted is not None and flag_of(deleted) is None:
        reader.report(
            "flag_unreadable",
            f"Whether the deal's {part} is deleted cannot be read: {deleted!r:.60}.",
            part,
            READ_AGAIN,
        )
    if flag_of(deleted):
        reader.report(
            "buyer_deleted",
            f"The deal's {part} {record.get('id')} is deleted in Pipedrive.",
            part,
            f"Restore the {part}, or link the deal to the right one.",
        )
    return record


def _organization(
    record: Mapping[str, Any], person: Mapping[str, Any] | None, config: SaleConfig, reader: FieldReader
) -> Party:
    parts = _parts(record.get("address"), reader)
    contact = person or {}
    return Party(
        key=f"organization:{record.get('id')}",
        name=_name(record, "organization", reader),
        address=_address("organization", record, parts, config, reader),
        status=_status("organization", record, config.organizations_are, config, reader),
        vat_id=clean_vat_id(reader.text("organization", record, config.fields.vat_id)),
        is_organization=True,
        email=_primary(contact.get("emails")),
        phone=_primary(contact.get("phones")),
        contact=_text(contact.get("name")),
        debtor_number=reader.text("organization", record, config.fields.debtor_number),
    )


def _person(record: Mapping[str, Any], config: SaleConfig, reader: FieldReader) -> Party:
    """A person: what the configuration says of organizations counts where persons have such a field."""
    fields = config.fields

    def own(wanted: str) -> str:
        return reader.text("person", record, wanted) if reader.has("person", wanted) else ""

    return Party(
        key=f"person:{record.get('id')}",
        name=_name(record, "person", reader),
        address=_address("person", record, _parts(record.get("postal_address"), reader), config, reader),
        status=_status("person", record, config.persons_are, config, reader),
        vat_id=clean_vat_id(own(fields.vat_id)),
        is_organization=False,
        first_name=_text(record.get("first_name")),
        last_name=_text(record.get("last_name")),
        email=_primary(record.get("emails")),
        phone=_primary(record.get("phones")),
        debtor_number=own(fields.debtor_number),
    )


def _name(record: Mapping[str, Any], part: str, reader: FieldReader) -> str:
    name = reader.legible(_text(record.get("name")), part, f"{part}'s name")
    if not name:
        reader.report("buyer_name_missing", f"The {part} has no name.", part, f"Give the {part} a name.")
    return name


def _status(
    entity: str, record: Mapping[str, Any], default: CustomerStatus, config: SaleConfig, reader: FieldReader
) -> CustomerStatus:
    wanted = config.fields.customer_status
    if not wanted or (entity == "person" and not reader.has(entity, wanted)):
        return default
    label = reader.text(entity, record, wanted)
    if not label:
        return default
    labels = {name.casefold(): status for name, status in config.customer_status_labels}
    by_itself = {status.value: status for status in CustomerStatus}
    status = labels.get(label.casefold()) or by_itself.get(label.casefold())
    if status is None:
        reader.report(
            "customer_status_unknown",
            f"The field {wanted!r} holds {label!r}, which the configuration does not explain.",
            wanted,
            "Add the label to customer_status_labels in the tenant's configuration, or choose another.",
        )
    return status or default


def _parts(value: Any, reader: FieldReader) -> PostalParts | None:
    """None: it cannot be read, and that is told."""
    if value is None:
        return PostalParts()
    try:
        parts = postal_parts(value)
        for part in astuple(parts):
            reader.legible(part, "address", "address")
        return parts
    except UnreadableValueError as e:
        reader.report("address_unreadable", f"The address cannot be read: {e}.", "address", "Enter it again.")
        return None


def _address(
    entity: str,
    record: Mapping[str, Any],
    legible: PostalParts | None,
    config: SaleConfig,
    reader: FieldReader,
) -> Address:
    parts = legible or PostalParts()
    written = split_address(parts)
    wanted = config.fields.country
    named = ""
    if wanted and (entity == "organization" or reader.has(entity, wanted)):
        value = reader.value(entity, record, wanted)
        named = value.country if isinstance(value, PostalParts) else as_text(value)
    name = named or written.country
    code = country_code(name)
    if code is None and (name or legible is not None):
        # The country of an address that cannot be read is not missing.
        _report_country(entity, name, wanted, reader)
    region = country_part(name)
    if not region and code == country_code(written.country):
        # The country field may say "United Kingdom" where the address says "Northern Ireland".
        region = country_part(written.country) or country_part(parts.admin_area_level_1)
    return Address(
        written.street,
        written.extra,
        written.postal_code,
        written.city,
        code or "",
        region or parts.admin_area_level_1,
    )


def _report_country(entity: str, name: str, wanted: str, reader: FieldReader) -> None:
    field = wanted or "address"
    if name:
        reader.report(
            "country_unknown",
            f"The {entity}'s country {name!r} is not known.",
            field,
            "Write the country's name or its two-letter ISO code.",
        )
        return
    reader.report(
        "country_missing",
        f"The {entity} has no country, so its tax cannot be decided.",
        field,
        f"Complete the {entity}'s address in Pipedrive with the country.",
    )


def split_address(parts: PostalParts) -> Address:
    """Street, place and country (as written, not yet a code).

    Where the map service recognised nothing, only ``value`` is filled. Then the usual form "street, postal
    code and place, country" is taken apart by its commas; another form stays whole in the street.
    """
    pieces = [piece.strip() for piece in re.split(r"[,\n]", parts.value) if piece.strip()]
    last = pieces.pop() if len(pieces) > 1 and country_code(pieces[-1]) else ""
    if parts.locality or parts.postal_code or parts.route or parts.country:
        street = f"{parts.route} {parts.street_number}".strip()
        if parts.street_number and f"{parts.street_number} {parts.route}" in parts.value:
            # 10 Downing Street, 5 rue de la Paix: the written address shows the order.
            street = f"{parts.street_number} {parts.route}".strip()
        city = parts.locality or parts.sublocality or parts.admin_area_level_2
        return Address(street, parts.subpremise, parts.postal_code, city, parts.country or last)
    place = _POSTAL_LINE.fullmatch(pieces[-1]) if len(pieces) > 1 else None
    if place is None:
        return Address(street=", ".join(pieces), country=last)
    street, *extra = pieces[:-1]
    country = last or place["sign"] or ""
    return Address(street, ", ".join(extra), place["code"], place["city"].strip(), country)


def clean_vat_id(written: str) -> str:
    """Upper case without blanks, dots, hyphens and slashes, for people to see what they wrote.

    A right VAT id gets the leading zeros that its state wants, and Greece's GR becomes the EL of VAT law.
    """
    cleaned = re.sub(r"[\s./\u2010-\u2015-]", "", written).upper()
    return canonical_vat_id(normalise_vat_id(written)) or cleaned


def _primary(entries: Any) -> str:
    usable = [
        entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, Mapping) and _text(entry.get("value"))
    ]
    first = next((entry for entry in usable if entry.get("primary") is True), usable[0] if usable else {})
    return _text(first.get("value"))


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
