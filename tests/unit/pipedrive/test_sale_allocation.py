"""Revenue accounts and cost centres by product code, field, category, deal field and pipeline."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from connector.accounting.sale import Allocation, CaseAccount, Sale, SupplyKind
from connector.accounting.terms import BookingTerms
from connector.errors import DataError
from connector.pipedrive.sale import read_sale
from connector.tenants.config import AccountMapping, FieldMap, MappedBy, SaleConfig
from tests.unit.pipedrive import bundles as b

OF_PRODUCT, OF_DEAL, OF_ORGANIZATION, CATEGORY = "p" * 40, "d" * 40, "o" * 40, "category"
DEFINITIONS = {
    "deal_fields": [
        b.definition(OF_DEAL, "Konto des Auftrags", "set", ("Wartung", "Lizenzen")),
        b.definition("e" * 40, "Konto"),
        b.definition("f" * 40, "Kostenstelle"),
    ],
    "product_fields": [
        b.definition(OF_PRODUCT, "Konto"),
        b.definition("g" * 40, "Kostenstelle"),
        {**b.definition(CATEGORY, "Kategorie", "enum", ("Software", "Ware")), "is_custom_field": False},
    ],
    "organization_fields": [
        b.definition(OF_ORGANIZATION, "Kostenträger"),
        b.definition("h" * 40, "Kostenstelle"),
    ],
}
BY_ALL = SaleConfig(
    fields=FieldMap(revenue_account="Konto"),
    revenue_accounts=(("A-1", 8401),),
    account_mappings=(
        AccountMapping(MappedBy.CATEGORY, "Software", 8403),
        AccountMapping(MappedBy.PIPELINE, "3", 8405),
        AccountMapping(MappedBy.LABEL, "Wartung", 8406),
    ),
)


def content(
    *, deal: dict[str, Any] | None = None, product: dict[str, Any] | None = None, **changes: Any
) -> dict[str, Any]:
    catalog = [{"id": 5, "name": "Beratung", "code": "", "custom_fields": {}, **(product or {})}]
    return b.bundle(**{"deal": b.deal(**(deal or {})), "catalog": catalog, **DEFINITIONS, **changes})


def read(config: SaleConfig, made: dict[str, Any]) -> Sale:
    return read_sale(made, config=config, terms=BookingTerms(chart="skr03"), document_number="1")


def mapped(config: SaleConfig, made: dict[str, Any]) -> tuple[int | None, str]:
    (line,) = read(config, made).lines
    return line.revenue_account, line.mapped_by


def refusals(config: SaleConfig, made: dict[str, Any]) -> list[str]:
    with pytest.raises(DataError) as caught:
        read(config, made)
    assert all(problem.message and problem.cure for problem in caught.value.problems)
    return [problem.code for problem in caught.value.problems]


STEPS = [
    ({"code": "A-1"}, {}, (8401, "product code A-1")),
    ({"custom_fields": {OF_PRODUCT: "8402"}}, {}, (8402, "the product's field Konto")),
    ({"category": 1}, {}, (8403, "category Software")),
    ({}, {"custom_fields": {"e" * 40: "84041"}}, (84041, "the deal's field Konto")),
    ({}, {"pipeline_id": 3}, (8405, "pipeline 3")),
    ({}, {}, (None, "")),
]


@pytest.mark.parametrize("step", range(len(STEPS)))
def test_the_closest_mapping_wins(step):
    """Each step is asked together with all the later ones, which must not win."""
    product: dict[str, Any] = {}
    deal: dict[str, Any] = {}
    for of_product, of_deal, _ in reversed(STEPS[step:]):
        product |= of_product
        deal |= of_deal

    assert STEPS[step][2] == mapped(BY_ALL, content(product=product, deal=deal))


def test_a_mapping_for_single_cases_leaves_the_others_to_the_next():
    config = replace(
        BY_ALL,
        revenue_accounts=(),
        account_mappings=(
            *BY_ALL.account_mappings,
            AccountMapping(MappedBy.PRODUCT_CODE, "A-1", 8407, "domestic_19"),
            AccountMapping(MappedBy.PRODUCT_CODE, "A-1", 8336, "eu_service"),
            AccountMapping(MappedBy.CATEGORY, "Ware", 8408, "domestic_19"),
            AccountMapping(MappedBy.CATEGORY, "Ware", 8301, "domestic_7"),
        ),
    )

    (line,) = read(config, content(product={"code": "A-1", "category": 2}, deal={"pipeline_id": 3})).lines

    assert (
        CaseAccount("domestic_19", 8407, "product code A-1"),
        CaseAccount("eu_service", 8336, "product code A-1"),
        CaseAccount("domestic_7", 8301, "category Ware"),
    ) == line.case_accounts
    assert (8405, "pipeline 3") == (line.revenue_account, line.mapped_by)


def test_a_field_may_hold_a_label():
    made = content(product={"custom_fields": {OF_PRODUCT: "  wartung "}})

    assert (8406, "'wartung' in the product's field Konto") == mapped(BY_ALL, made)


@pytest.mark.parametrize("text", ["Sonstiges", "840", "123456789", "8400/8401", "0840", "-8400"])
def test_a_field_that_holds_neither_account_nor_label_parks(text):
    assert ["revenue_account_unknown"] == refusals(
        BY_ALL, content(product={"custom_fields": {OF_PRODUCT: text}})
    )


def test_two_options_at_once_park():
    config = replace(BY_ALL, fields=FieldMap(revenue_account="Konto des Auftrags"))

    assert ["revenue_account_ambiguous"] == refusals(
        config, content(deal={"custom_fields": {OF_DEAL: [1, 2]}})
    )
    assert (8406, "'Wartung' in the deal's field Konto des Auftrags") == mapped(
        config, content(deal={"custom_fields": {OF_DEAL: [1]}})
    )


def test_a_field_that_nobody_has_is_told():
    config = SaleConfig(fields=FieldMap(revenue_account="Erlöskonto", cost_centre_1="KST"))

    assert ["custom_field_missing", "custom_field_missing"] == refusals(config, content())


@pytest.mark.parametrize(
    ("config", "changes", "codes"),
    [
        (BY_ALL, {"catalog": []}, ["product_unknown"]),
        (
            SaleConfig(fields=FieldMap(), revenue_accounts=(("A", 8400),)),
            {"catalog": []},
            ["product_unknown"],
        ),
        (SaleConfig(fields=FieldMap(cost_centre_1="Kostenstelle")), {"catalog": []}, ["product_unknown"]),
        (
            replace(BY_ALL, fields=FieldMap()),
            {"product": {"category": 1}, "product_fields": []},
            ["category_unreadable"],
        ),
    ],
)
def test_a_product_on_which_the_account_hangs_must_be_known(config, changes, codes):
    assert codes == refusals(config, content(**changes))


def test_without_such_mappings_the_catalog_is_not_asked():
    assert (None, "") == mapped(SaleConfig(fields=FieldMap()), content(catalog=[]))


def test_a_category_may_be_mapped_by_its_id():
    config = replace(BY_ALL, account_mappings=(AccountMapping(MappedBy.CATEGORY, "12", 8409),))

    assert (8409, "category 12") == mapped(
        config, content(product={"category": 12}, product_fields=DEFINITIONS["product_fields"][:2])
    )


@pytest.mark.parametrize("written", [1, "1", "1.0", "1.00", Decimal("1.0")])
def test_an_options_id_may_be_written_with_a_point(written):
    assert (8403, "category Software") == mapped(BY_ALL, content(product={"category": written}))


@pytest.mark.parametrize("written", [-1, "-1", "-1.0", 0, 10**20, True, [1], {"id": 1}])
@pytest.mark.parametrize("fields", [DEFINITIONS["product_fields"], DEFINITIONS["product_fields"][:2]])
def test_a_number_that_is_no_options_id_is_no_label_either(written, fields):
    made = content(product={"category": written}, product_fields=fields)

    assert ["category_unreadable"] == refusals(BY_ALL, made)


def test_a_category_that_is_no_option_any_more_parks_only_where_something_hangs_on_it():
    made = content(product={"category": 77})

    assert ["custom_field_unreadable"] == refusals(BY_ALL, made)
    assert (None, "") == mapped(SaleConfig(fields=FieldMap()), made)


@pytest.mark.parametrize("written", ["Softwar", "2,1", "x", "9999-12-31"])
def test_a_category_that_is_none_of_its_options_does_not_skip_the_mapping(written):
    made = content(product={"category": written})
    kinds = SaleConfig(fields=FieldMap(), supply_kind_labels=(("Ware", SupplyKind.GOODS),))

    assert ["category_unreadable"] == refusals(BY_ALL, made)
    assert ["category_unreadable"] == refusals(kinds, made)
    assert (None, "") == mapped(SaleConfig(fields=FieldMap()), made)
    assert (None, "") == mapped(BY_ALL, {**made, "product_fields": DEFINITIONS["product_fields"][:2]})


def test_a_label_may_stand_in_the_category_itself():
    assert (8403, "category software") == mapped(BY_ALL, content(product={"category": "software"}))


def test_options_of_another_field_named_category_say_nothing_about_it():
    custom = b.definition("c" * 40, "Category", "enum", ("Klein", "Gross"))
    made = content(
        product={"category": "Software"}, product_fields=[b.definition(OF_PRODUCT, "Konto"), custom]
    )

    assert (8403, "category Software") == mapped(BY_ALL, made)


@pytest.mark.parametrize("written", [1, "Software"])
def test_a_category_defined_twice_and_not_alike_is_told(written):
    of_category = DEFINITIONS["product_fields"][2]
    other = {**of_category, "options": [{"id": 1, "label": "Ware"}]}
    made = content(product={"category": written})

    assert ["custom_field_ambiguous"] == refusals(
        BY_ALL, {**made, "product_fields": [*DEFINITIONS["product_fields"], other]}
    )
    assert (8403, "category Software") == mapped(
        BY_ALL, {**made, "product_fields": [*DEFINITIONS["product_fields"], of_category]}
    )


# --- cost centres ----------------------------------------------------------------------------

CENTRES = SaleConfig(
    fields=FieldMap(cost_centre_1="Kostenstelle", cost_centre_2="Kostenträger"),
    cost_centre_1="100",
    cost_centre_2="P-0",
    cost_centre_1_by_pipeline=(("3", "200"),),
    cost_centre_2_by_pipeline=(("4", "P-4"),),
)
AT_HOME = b.person(postal_address=b.organization()["address"])
CENTRE_STEPS: list[tuple[dict[str, Any], str]] = [
    ({"product": {"custom_fields": {"g" * 40: " 500 "}}}, "500"),
    ({"deal": {"custom_fields": {"f" * 40: "400"}, "pipeline_id": 3}}, "400"),
    ({"organization": b.organization(custom_fields={"h" * 40: "300", OF_ORGANIZATION: "P-9"})}, "300"),
    ({"deal": {"pipeline_id": 3}}, "200"),
    ({}, "100"),
]


@pytest.mark.parametrize("step", range(len(CENTRE_STEPS)))
def test_the_closest_cost_centre_wins(step):
    changes: dict[str, Any] = {}
    for change, _ in reversed(CENTRE_STEPS[step:]):
        changes |= change

    assert CENTRE_STEPS[step][1] == read(CENTRES, content(**changes)).lines[0].cost_centre_1


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"organization": b.organization(custom_fields={OF_ORGANIZATION: "P-9"})}, "P-9"),
        ({"deal": {"pipeline_id": 4}}, "P-4"),
        ({"deal": {"pipeline_id": 3}}, "P-0"),
        ({"deal": {"org_id": None}, "organization": None, "person": AT_HOME}, "P-0"),
    ],
)
def test_the_second_cost_centre_has_rules_of_its_own(changes, expected):
    assert expected == read(CENTRES, content(**changes)).lines[0].cost_centre_2


def test_several_cost_centres_at_once_park():
    config = SaleConfig(fields=FieldMap(cost_centre_1="Konto des Auftrags"))

    assert ["cost_centre_ambiguous"] == refusals(config, content(deal={"custom_fields": {OF_DEAL: [1, 2]}}))


def test_a_deal_without_lines_is_allocated_by_field_and_pipeline():
    config = replace(CENTRES, account_mappings=BY_ALL.account_mappings)
    made = content(deal={"pipeline_id": 3, "custom_fields": {"f" * 40: "400"}}, products=[])

    assert Allocation(8405, "pipeline 3", (), "400", "P-0") == read(config, made).allocation
    assert Allocation() == read(config, content(deal={"pipeline_id": 3})).allocation
