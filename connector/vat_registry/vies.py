"""VIES, the European Commission's registry, by its REST interface.

``POST /check-vat-number``: with our own VAT id the answer carries a consultation number
(``requestIdentifier``). Trouble comes as HTTP 200 with ``userError``, or as ``errorWrappers``; both with
``valid`` false or absent, although nobody looked the number up.
"""

from typing import Any

from connector.accounting.party import Party
from connector.http import HttpClient
from connector.vat_registry.answer import Match, VatAnswer, no_answer, not_served, read_object

PROVIDER = "vies"

_MALFORMED = "INVALID_INPUT"
"""The country or the form of the number is wrong: as good as unknown."""

_OUR_FAULT = frozenset({"INVALID_REQUESTER_INFO", "VAT_BLOCKED", "IP_BLOCKED"})

_MATCHES = {"VALID": Match.YES, "INVALID": Match.NO}
"""``NOT_PROCESSED`` and everything else: the member state does not tell."""

_ADDRESS = ("traderStreetMatch", "traderPostalCodeMatch", "traderCityMatch")


class ViesRegistry:
    """VIES for one tenant.

    :param own_vat_id: the asker's VAT id; without it VIES answers, but gives no consultation number.
    """

    def __init__(self, http: HttpClient, *, base_url: str, own_vat_id: str) -> None:
        self._http = http
        self._base_url = base_url
        self._own_vat_id = own_vat_id

    def check(self, vat_id: str, party: Party) -> VatAnswer:
        """Ask VIES; see :class:`~connector.vat_registry.answer.VatRegistry`."""
        # A question changes nothing, so it may be repeated although it is a POST.
        answer = self._http.send(
            "POST", f"{self._base_url}/check-vat-number", json=self._question(vat_id, party), safe=True
        )
        body = read_object(answer, "VIES")
        status = _status(body, answer.status)
        valid = body.get("valid")
        if status in _OUR_FAULT:
            raise not_served("VIES", status)
        if status == _MALFORMED:
            return VatAnswer(PROVIDER, valid=False, status=status)
        if status not in ("VALID", "INVALID") or not isinstance(valid, bool):
            raise no_answer("VIES", status)
        return VatAnswer(
            PROVIDER,
            valid=valid,
            status=status,
            reference=str(body.get("requestIdentifier") or ""),
            name=_MATCHES.get(str(body.get("traderNameMatch")), Match.NOT_SAID),
            address=_address_match(body),
        )

    def _question(self, vat_id: str, party: Party) -> dict[str, str]:
        question = {"countryCode": vat_id[:2], "vatNumber": vat_id[2:]}
        if self._own_vat_id:
            question |= {
                "requesterMemberStateCode": self._own_vat_id[:2],
                "requesterNumber": self._own_vat_id[2:],
                "traderName": party.name,
                "traderStreet": party.address.street,
                "traderPostalCode": party.address.postal_code,
                "traderCity": party.address.city,
            }
        return {name: text for name, text in question.items() if text}


def _status(body: dict[str, Any], http_status: int) -> str:
    wrappers = body.get("errorWrappers")
    first = wrappers[0] if isinstance(wrappers, list) and wrappers else None
    if isinstance(first, dict) and first.get("error"):
        return str(first["error"])
    if body.get("userError"):
        return str(body["userError"])
    # Some answers leave ``userError`` out; ``valid`` alone then says it.
    if http_status == 200 and isinstance(body.get("valid"), bool):
        return "VALID" if body["valid"] else "INVALID"
    return f"HTTP {http_status}"


def _address_match(body: dict[str, Any]) -> Match:
    said = {_MATCHES[body[name]] for name in _ADDRESS if body.get(name) in _MATCHES}
    if Match.NO in said:
        return Match.NO
    return Match.YES if said else Match.NOT_SAID
