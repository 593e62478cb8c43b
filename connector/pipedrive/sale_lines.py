"""The product lines of a deal as lines of a sale."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from connector.accounting.sale import Allocation, Discount, DiscountKind, SaleLine, SupplyKind, TaxMethod
from connector.accounting.terms import BookingTerms
from connector.pipedrive.field_reader import FieldReader
from connector.pipedrive.field_values import UnreadableValueError, number
from connector.pipedrive.sale_allocation import AllocationReader
from connector.pipedrive.sale_billing import read_recurrence
from connector.pipedrive.shapes import flag_of, id_of, records_of, visible
from connector.tenants.config import SaleConfig

_NEGATIVE = re.compile(r"-\d+(\.\d+)?")
"""An option's id that is none; as a label it would be one that nothing is mapped to."""


class LineReader:
    """Reads the enabled lines; problems go to the reader."""

    def __init__(
        self, bundle: Mapping[str, Any], config: SaleConfig, terms: BookingTerms, reader: FieldReader
    ) -> None:
        self._deal = bundle["deal"]
        listed = records_of(bundle, "products")
        self._records = [record for record in listed if flag_of(record.get("is_enabled")) is not False]
        self.dropped = 0
        """Lines that could not be read."""
        self._all_disabled = bool(listed) and not self._records
        self._catalog = {str(record.get("id")): record for record in records_of(bundle, "catalog")}
        self._config = config
        self._terms = terms
        self._reader = reader
        self._supply_kinds = {label.casefold(): kind for label, kind in config.supply_kind_labels}
        self._allocations = AllocationReader(bundle, config, reader)
        self.kind_of_deal = self._kind_by_field("deal", self._deal)
        """What the deal's own field says; a deal without lines has nothing else to say it."""

    def read(self, currency: str) -> tuple[SaleLine, ...]:
        """All lines in the deal's order; a line in another currency than the deal is a problem."""
        ordered = sorted(
            enumerate(self._records), key=lambda pair: (_order(pair[1].get("order_nr")), pair[0])
        )
        if self._all_disabled:
            self._reader.report(
                "lines_all_disabled",
                "All lines of the deal are disabled, so nothing says what its value is for.",
                "products.is_enabled",
                "Enable the lines that are sold, or remove the lines and let the deal's value stand alone.",
            )
        lines = [self._line(position, record) for position, (_, record) in enumerate(ordered, start=1)]
        others = {str(record.get("currency") or currency) for record in self._records} - {currency}
        if others:
            self._reader.report(
                "line_currency_differs",
                f"The deal is in {currency or 'no currency'}, but lines are in {', '.join(sorted(others))}.",
                "products.currency",
                "Give deal and lines the same currency.",
            )
        self.dropped = lines.count(None)
        return tuple(line for line in lines if line is not None)

    def allocation(self) -> Allocation:
        """Accounts and cost centres of a deal without lines; with lines they are theirs."""
        return Allocation() if self._records else self._allocations.of_deal()

    def tax_method(self) -> TaxMethod | None:
        """The method of all lines; None for a deal without lines, or where there is a problem with it."""
        methods = {str(record.get("tax_method")) for record in self._records}
        unknown = methods - {method.value for method in TaxMethod}
        if unknown or len(methods) > 1:
            self._reader.report(
                "tax_method_mixed" if len(methods) > 1 else "tax_method_unknown",
                f"The deal's lines have the tax methods {', '.join(sorted(methods))}; they need one of "
                f"{', '.join(TaxMethod)}, the same on all lines.",
                "products.tax_method",
                "Choose in the deal's product list how prices relate to tax, the same on all lines.",
            )
            return None
        return TaxMethod(methods.pop()) if methods else None

    def _line(self, position: int, record: Mapping[str, Any]) -> SaleLine | None:
        product = self._product(record)
        self._check_enabled(record)
        name = self._reader.written(record, "name", "line's name")
        name = name or self._reader.written(product, "name", "product's name")
        quantity = self._number(record, "quantity", name)
        price = self._number(record, "item_price", name)
        tax = self._tax(record, name)
        discount = self._discount(record, name)
        kind = self._supply_kind(product)
        if quantity is None or price is None or tax is None:
            return None
        code = self._reader.written(product, "code", "product's code").strip()
        # A category that nothing hangs on may be unreadable.
        category = self._category(product) if self._allocations.asks_categories else ""
        allocation = self._allocations.of_line(product, code=code, category=category)
        return SaleLine(
            position=position,
            name=name,
            quantity=quantity,
            unit_price=price,
            tax_rate=tax,
            supply_kind=kind,
            discount=discount,
            unit=self._reader.written(product, "unit", "product's unit"),
            description=self._reader.written(record, "comments", "line's comments"),
            product_code=code,
            revenue_account=allocation.revenue_account,
            mapped_by=allocation.mapped_by,
            case_accounts=allocation.case_accounts,
            cost_centre_1=allocation.cost_centre_1,
            cost_centre_2=allocation.cost_centre_2,
            recurrence=read_recurrence(record, self._reader),
        )

    def _check_enabled(self, record: Mapping[str, Any]) -> None:
        """A line that may be disabled must not be booked because its switch cannot be read."""
        enabled = record.get("is_enabled")
        if enabled is None or flag_of(enabled) is not None:
            return
        self._reader.report(
            "line_unreadable",
            f"Whether the line {record.get('name')!r:.60} is enabled cannot be read: {enabled!r:.60}.",
            "products.is_enabled",
            "Enter the line again.",
        )

    def _product(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """The catalog's product. Only where the configuration decides by product must it be known."""
        product = self._catalog.get(str(record.get("product_id")))
        if product is not None:
            return product
        labels = self._config.fields.supply_kind or self._config.supply_kind_labels
        if self._allocations.asks_products or labels:
            self._reader.report(
                "product_unknown",
                f"The product of the line {record.get('name')!r:.60} is not in the catalog (any more), "
                "so its account, cost centre and kind of supply are not known.",
                "products.product_id",
                "Restore the product, or replace the line by one with a product of the catalog.",
            )
        return {}

    def _number(self, record: Mapping[str, Any], key: str, name: str) -> Decimal | None:
        try:
            return number(record.get(key))
        except UnreadableValueError as e:
            self._reader.report(
                "line_unreadable",
                f"The {key} of the line {name!r} cannot be read: {e}.",
                f"products.{key}",
                "Enter the line again.",
            )
            return None

    def _tax(self, record: Mapping[str, Any], name: str) -> Decimal | None:
        if record.get("tax") is None and record.get("tax_method") == TaxMethod.NONE:
            return Decimal(0)
        return self._number(record, "tax", name)

    def _discount(self, record: Mapping[str, Any], name: str) -> Discount | None:
        if record.get("discount") is None:
            return None
        value = self._number(record, "discount", name)
        if not value:
            return None
        try:
            return Discount(DiscountKind(str(record.get("discount_type") or "percentage")), value)
        except ValueError:
            self._reader.report(
                "discount_unreadable",
                f"The line {name!r} has a discount of the unknown type {record.get('discount_type')!r}.",
                "products.discount_type",
                "Enter the discount again.",
            )
            return None

    def _supply_kind(self, product: Mapping[str, Any]) -> SupplyKind:
        """By field of the product, field of the deal, category of the product, else the tenant's default."""
        by_product = self._kind_by_field("product", product) if product else None
        if by_product or self.kind_of_deal:
            return by_product or self.kind_of_deal or self._terms.default_supply_kind
        category = self._category(product) if self._supply_kinds else ""
        kind = self._supply_kinds.get(category.casefold())
        if kind is None and category.isdecimal():
            self._allocations.report_category(category)
        return kind or self._terms.default_supply_kind

    def _kind_by_field(self, entity: str, record: Mapping[str, Any]) -> SupplyKind | None:
        wanted = self._config.fields.supply_kind
        if not wanted or not self._belongs(entity, wanted):
            return None
        label = self._reader.text(entity, record, wanted)
        if not label:
            return None
        by_itself = {kind.value: kind for kind in SupplyKind}
        kind = self._supply_kinds.get(label.casefold()) or by_itself.get(label.casefold())
        if kind is None:
            self._reader.report(
                "supply_kind_unknown",
                f"The field {wanted!r} holds {label!r}, which the configuration does not explain.",
                wanted,
                "Add the label to supply_kind_labels in the tenant's configuration, or choose another.",
            )
        return kind

    def _belongs(self, entity: str, wanted: str) -> bool:
        """A field of deal or product; one that neither has is asked of the deal, which reports it."""
        if self._reader.has(entity, wanted):
            return True
        return entity == "deal" and not self._reader.has("product", wanted)

    def _category(self, product: Mapping[str, Any]) -> str:
        """The category's label: v2 shows the option's id or the label itself."""
        raw = product.get("category")
        if raw is None:
            return ""
        if isinstance(raw, bool) or not isinstance(raw, str | int | Decimal):
            self._allocations.report_category(f"{raw!r:.60}")
            return ""
        text = re.sub(r"^(\d+)\.0+$", r"\1", visible(str(raw)))
        if (isinstance(raw, int) and id_of(raw) is None) or _NEGATIVE.fullmatch(text):
            self._allocations.report_category(text)
            return ""
        if text.isdecimal() and self._reader.has("product", "category"):
            return self._reader.text("product", {**product, "category": text}, "category").strip()
        labels = self._reader.labels("product", "category")
        if text and labels and text.casefold() not in {visible(label).casefold() for label in labels}:
            self._allocations.report_category_label(text, labels)
            return ""
        return text


def _order(value: Any) -> Decimal:
    try:
        return number(value)
    except UnreadableValueError:
        return Decimal(0)
