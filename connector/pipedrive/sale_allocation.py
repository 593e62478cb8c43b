"""Revenue accounts and cost centres of a deal and its lines, as the tenant's file maps them.

An account is looked for by product code, field of the product, category of the product, field of the deal and
pipeline, in this order: from what is closest to the line to what is furthest. Each may name an account for
single tax cases only; the others then go on to the next.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from connector.accounting.sale import Allocation, CaseAccount
from connector.pipedrive.field_reader import FieldReader, as_text
from connector.pipedrive.shapes import id_of
from connector.tenants.config import AccountMapping, MappedBy, SaleConfig

_ACCOUNT = re.compile(r"[1-9][0-9]{3,7}")
"""A ledger account as a person writes it into a field: 4 to 8 digits."""

_OF_PRODUCTS = (MappedBy.PRODUCT_CODE, MappedBy.CATEGORY)


class AllocationReader:
    """Reads accounts and cost centres; problems go to the reader."""

    def __init__(self, bundle: Mapping[str, Any], config: SaleConfig, reader: FieldReader) -> None:
        self._deal: Mapping[str, Any] = bundle["deal"]
        organization = bundle.get("organization")
        self._organization = organization if isinstance(organization, Mapping) else None
        self._config = config
        self._reader = reader
        self._mappings = _mappings(config)
        self._pipeline = str(id_of(self._deal.get("pipeline_id")) or "")
        self._by_deal = tuple(self._by_field("deal", self._deal))

    @property
    def asks_products(self) -> bool:
        """Whether accounts or cost centres hang on the catalog's products."""
        fields = self._config.fields
        wanted = (fields.revenue_account, fields.cost_centre_1, fields.cost_centre_2)
        return any(self._mappings[by] for by in _OF_PRODUCTS) or any(
            self._reader.has("product", name) for name in wanted
        )

    @property
    def asks_categories(self) -> bool:
        """Whether accounts hang on the categories of products."""
        return bool(self._mappings[MappedBy.CATEGORY])

    def of_deal(self) -> Allocation:
        """For a deal without lines."""
        return self._allocation({}, (*self._by_deal, *self._mapped(MappedBy.PIPELINE, self._pipeline)))

    def of_line(self, product: Mapping[str, Any], *, code: str, category: str) -> Allocation:
        """For a line of this product; an unknown product is an empty one."""
        accounts = (
            *self._mapped(MappedBy.PRODUCT_CODE, code),
            *(self._by_field("product", product) if product else ()),
            *self._mapped(MappedBy.CATEGORY, self._legible_category(category)),
            *self._by_deal,
            *self._mapped(MappedBy.PIPELINE, self._pipeline),
        )
        return self._allocation(product, accounts)

    def _allocation(self, product: Mapping[str, Any], accounts: Iterable[CaseAccount]) -> Allocation:
        config, fields = self._config, self._config.fields
        of_pipeline_1, of_pipeline_2 = (
            dict(config.cost_centre_1_by_pipeline),
            dict(config.cost_centre_2_by_pipeline),
        )
        centre_1 = self._cost_centre(product, fields.cost_centre_1)
        centre_2 = self._cost_centre(product, fields.cost_centre_2)
        cases: dict[str, CaseAccount] = {}
        for found in accounts:
            if not found.tax_case:
                break
            cases.setdefault(found.tax_case, found)
        else:
            found = None
        return Allocation(
            revenue_account=found.account if found else None,
            mapped_by=found.mapped_by if found else "",
            case_accounts=tuple(cases.values()),
            cost_centre_1=centre_1 or of_pipeline_1.get(self._pipeline) or config.cost_centre_1,
            cost_centre_2=centre_2 or of_pipeline_2.get(self._pipeline) or config.cost_centre_2,
        )

    def _mapped(self, by: MappedBy, value: str, words: str = "") -> Iterator[CaseAccount]:
        for row in self._mappings[by].get(_spelled(by, value), ()) if value else ():
            yield CaseAccount(row.tax_case, row.account, words or f"{by} {value}")

    def _by_field(self, entity: str, record: Mapping[str, Any]) -> Iterator[CaseAccount]:
        wanted = self._config.fields.revenue_account
        if not wanted or not self._belongs(entity, wanted):
            return
        text = self._single(entity, record, wanted, "revenue_account_ambiguous")
        words = f"the {entity}'s field {wanted}"
        labelled = list(self._mapped(MappedBy.LABEL, text, f"{text!r} in {words}"))
        if labelled:
            yield from labelled
        elif _ACCOUNT.fullmatch(text):
            yield CaseAccount("", int(text), words)
        elif text:
            self._reader.report(
                "revenue_account_unknown",
                f"The {entity}'s field {wanted!r} holds {text!r}, which is no account and no label that the "
                "configuration explains.",
                wanted,
                "Enter a revenue account of 4 to 8 digits, or add the label to sale.revenue_account_labels.",
            )

    def _cost_centre(self, product: Mapping[str, Any], wanted: str) -> str:
        """Of product, deal or organization, whichever has the field and something in it."""
        if not wanted:
            return ""
        entities = {"product": product, "deal": self._deal, "organization": self._organization or {}}
        having = [entity for entity in entities if self._reader.has(entity, wanted)]
        for entity in having or ["deal"]:  # the deal is asked for a field that nobody has, and reports it
            found = entities[entity] and self._single(
                entity, entities[entity], wanted, "cost_centre_ambiguous"
            )
            if found:
                return found
        return ""

    def _single(self, entity: str, record: Mapping[str, Any], wanted: str, code: str) -> str:
        """A field's text; several options at once are nobody's choice."""
        value = self._reader.value(entity, record, wanted)
        if isinstance(value, tuple) and len(value) > 1:
            self._reader.report(
                code,
                f"The {entity}'s field {wanted!r} holds several options at once: {as_text(value)}.",
                wanted,
                "Leave only the one that holds.",
            )
            return ""
        return self._reader.legible(as_text(value), wanted, f"field {wanted!r}").strip()

    def _belongs(self, entity: str, wanted: str) -> bool:
        """A field that neither product nor deal has is asked of the deal, which reports it."""
        if self._reader.has(entity, wanted):
            return True
        return entity == "deal" and not self._reader.has("product", wanted)

    def _legible_category(self, category: str) -> str:
        """The category, unless it is an option's number whose label nobody knows."""
        by_category = self._mappings[MappedBy.CATEGORY]
        if by_category and category.isdecimal() and _spelled(MappedBy.CATEGORY, category) not in by_category:
            self.report_category(category)
            return ""
        return category

    def report_category(self, category: str) -> None:
        """Say that a category on which something hangs is an option's number without a known label."""
        self._reader.report(
            "category_unreadable",
            f"The product's category is the option {category}, whose label is not known.",
            "category",
            "Choose the category again in Pipedrive; in a bundle of your own, add its definition to "
            "product_fields.",
        )

    def report_category_label(self, category: str, labels: Sequence[str]) -> None:
        """Say that a category on which something hangs is none of those that can be chosen."""
        self._reader.report(
            "category_unreadable",
            f"The product's category {category!r:.60} is none of its options: {', '.join(labels)!s:.200}.",
            "category",
            "Choose the category again in Pipedrive.",
        )


def _mappings(config: SaleConfig) -> dict[MappedBy, dict[str, list[AccountMapping]]]:
    of_codes = [AccountMapping(MappedBy.PRODUCT_CODE, *pair) for pair in config.revenue_accounts]
    found: dict[MappedBy, dict[str, list[AccountMapping]]] = {by: {} for by in MappedBy}
    for row in (*of_codes, *config.account_mappings):
        found[row.by].setdefault(_spelled(row.by, row.value), []).append(row)
    return found


def _spelled(by: MappedBy, value: str) -> str:
    """Codes of products are told apart by capitals; what people read is not."""
    return value.strip() if by is MappedBy.PRODUCT_CODE else value.strip().casefold()
