"""Our rules and DATEV's schemas agree: on whatever we render, and on faults."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connector.accounting.posting import Side
from connector.datev.dxso import DxsoFile, check_against_schemas, check_package, render_package
from connector.errors import SettingsError
from tests.unit.datev.dxso.packages import ALL, HEADER, INVOICE
from tests.unit.datev.partner_files import partner_file


@pytest.fixture(scope="module")
def xsd_dir():
    return partner_file("xsd")


def test_the_golden_package_is_valid(xsd_dir):
    assert [] == check_against_schemas(render_package(HEADER, ALL), xsd_dir)


_texts = st.text(alphabet=st.characters(exclude_categories=["Cc", "Cs", "Cn"]), min_size=1, max_size=30)
_numbers = st.text(alphabet="ABCxyz0189$&%*+-/", min_size=1, max_size=36)
_postings = st.builds(
    lambda **changes: replace(INVOICE.postings[0], **changes),
    amount=st.decimals("0.01", "9999999.99", places=2),
    side=st.sampled_from(Side),
    contra_account=st.integers(1, 999_999_999),
    tax_key=st.sampled_from(["", "3", "40", "240", "0040"]),
    tax_rate=st.decimals("0", "99.99", places=2),
    posting_text=_texts,
    cost_centre_1=st.sampled_from(["", "7", "KST 7"]),
    eu_vat=st.sampled_from(["", "AT", "EL", "XI", "ATU12345678"]),
    eu_rate=st.one_of(st.none(), st.decimals("0", "99.99", places=2)),
    service_date=st.one_of(st.none(), st.dates(date(2026, 10, 1), date(2026, 11, 30))),
    order_number=st.one_of(st.just(""), _texts, _numbers.map(lambda text: text[:30])),
    extra=st.lists(st.tuples(_texts, _texts), max_size=3).map(tuple),
)


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    number=_numbers,
    postings=st.lists(_postings, min_size=1, max_size=4),
    name=_texts,
    city=_texts,
    currency=st.sampled_from(["EUR", "CHF", "USD"]),
)
def test_whatever_we_render_is_valid_by_our_rules_and_by_datevs(
    xsd_dir, number, postings, name, city, currency
):
    rate = None if currency == "EUR" else Decimal("1.0734")
    debtor = replace(INVOICE.debtor, name=name, address=replace(INVOICE.debtor.address, city=city))
    document = replace(
        INVOICE,
        number=number,
        debtor=debtor,
        postings=tuple(
            replace(posting, document_number=number, currency=currency, exchange_rate=rate)
            for posting in postings
        ),
    )

    package = render_package(HEADER, [document])

    assert [] == check_package(package)
    assert [] == check_against_schemas(package, xsd_dir)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<amount>1190.00", b"<amount>1190.0"),
        (b"<amount>1190.00", b"<amount>0.00"),
        (b"<date>2026-11-05", b"<date>2026-11-31"),
        (b"<tax>19.00</tax>", b"<tax>19.00</tax><tax>19.00</tax>"),
        (b"<invoiceId>PD-42", b"<invoiceId>PD_42"),
        (b"<bpAccountNo>10000", b"<bpAccountNo>9999"),
        (b' generator_info="Beispiel Software GmbH"', b""),
        (b"<currencyCode>EUR", b"<currencyCode>XCG"),
        (b"Kopie nur", b"Kopie"),
    ],
)
def test_both_find_the_same_fault(xsd_dir, old, new):
    package = render_package(HEADER, [INVOICE])
    content = package.ledgers[0].content.replace(old, new, 1)
    changed = replace(package, ledgers=(DxsoFile(package.ledgers[0].name, content),))

    assert check_package(changed)
    assert check_against_schemas(changed, xsd_dir)


def test_broken_xml_is_a_problem_not_a_crash(xsd_dir):
    package = replace(render_package(HEADER, [INVOICE]), document_xml=DxsoFile("document.xml", b"<"))

    assert ["xml_unreadable"] == [problem.code for problem in check_against_schemas(package, xsd_dir)]


def test_a_folder_without_schemas_is_a_setting_to_correct(tmp_path):
    with pytest.raises(SettingsError) as caught:
        check_against_schemas(render_package(HEADER, [INVOICE]), tmp_path)

    assert ("xsd_missing", "DATEV_XSD_DIR") == (caught.value.code, caught.value.field)
