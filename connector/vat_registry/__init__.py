"""VAT ids asked at the registries: VIES (European Commission) and eVatR (Bundeszentralamt für Steuern).

What others call (stable): :class:`ViesRegistry` and :class:`BzstRegistry`, both a :class:`VatRegistry`,
and the :class:`VatAnswer` that they give. A registry that cannot answer now raises
:class:`~connector.errors.TransientError`; that is never the answer "invalid".
"""

from connector.vat_registry.answer import Match, VatAnswer, VatRegistry
from connector.vat_registry.bzst import BzstRegistry
from connector.vat_registry.vies import ViesRegistry

__all__ = ["BzstRegistry", "Match", "VatAnswer", "VatRegistry", "ViesRegistry"]
