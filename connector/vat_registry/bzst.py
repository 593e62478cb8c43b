"""eVatR, the registry of the Bundeszentralamt für Steuern, by its REST interface (July 2025).

``POST /abfrage`` asks with our own German VAT id. The code in ``status`` decides, not the HTTP status:
the published lists disagree about the latter. With name and place it is a qualified confirmation
(§ 18e UStG), whose parts come back as A (agrees), B (does not), C (not asked), D (not told).
"""

from connector.accounting.party import Party
from connector.http import HttpClient
from connector.vat_registry.answer import Match, VatAnswer, no_answer, not_served, read_object

PROVIDER = "bzst"

_VALID = frozenset({"evatr-0000", "evatr-2008"})
"""2008: valid, with a remark on which the BZSt is asked."""

_INVALID = frozenset({"evatr-0005", "evatr-0012", "evatr-2001", "evatr-2002", "evatr-2003", "evatr-2006"})
"""Malformed (0005, 0012, 2003), not given out (2001), not yet valid (2002), no longer valid (2006)."""

_OUR_FAULT = frozenset({"evatr-0002", "evatr-0004", "evatr-0006", "evatr-0007", "evatr-2005"})
"""Our own VAT id is missing, malformed or not valid, or may not ask this."""

_MATCHES = {"A": Match.YES, "B": Match.NO}


class BzstRegistry:
    """eVatR for one tenant.

    :param own_vat_id: the asker's German VAT id; eVatR answers nobody without.
    """

    def __init__(self, http: HttpClient, *, base_url: str, own_vat_id: str) -> None:
        self._http = http
        self._base_url = base_url
        self._own_vat_id = own_vat_id

    def check(self, vat_id: str, party: Party) -> VatAnswer:
        """Ask the BZSt; see :class:`~connector.vat_registry.answer.VatRegistry`."""
        question = {"anfragendeUstid": self._own_vat_id, "angefragteUstid": vat_id}
        if party.name and party.address.city:
            question |= {
                "firmenname": party.name,
                "ort": party.address.city,
                "strasse": party.address.street,
                "plz": party.address.postal_code,
            }
        asked = {name: text for name, text in question.items() if text}
        # A question changes nothing, so it may be repeated although it is a POST.
        answer = self._http.send("POST", f"{self._base_url}/abfrage", json=asked, safe=True)
        body = read_object(answer, "BZSt")
        status = str(body.get("status") or f"HTTP {answer.status}")
        if status in _OUR_FAULT:
            raise not_served("BZSt", status)
        if status not in _VALID | _INVALID:
            raise no_answer("BZSt", status)
        parts = [_MATCHES.get(str(body.get(name))) for name in ("ergStrasse", "ergPlz", "ergOrt")]
        return VatAnswer(
            PROVIDER,
            valid=status in _VALID,
            status=status,
            reference=str(body.get("id") or ""),
            name=_MATCHES.get(str(body.get("ergFirmenname")), Match.NOT_SAID),
            address=Match.NO if Match.NO in parts else Match.YES if Match.YES in parts else Match.NOT_SAID,
        )
