"""Whatever a customer is called, its master record is a file that DATEV takes, with a name one can read."""

import unicodedata
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Address, Party
from connector.accounting.transliterate import REPLACEMENT, to_cp1252
from connector.datev.extf.file import read_file
from connector.datev.extf.validator import check_file
from connector.pipeline.hand_over.files import debtors_file
from tests.integration.pipeline.carriage import config_for

CONFIG = config_for()

NAMES = [
    "Łódzka Spółdzielnia Żywności Sp. z o.o.",
    "Příliš žluťoučký kůň s.r.o.",
    "Şişli İğne ve Dış Ticaret A.Ş.",
    "Общество с ограниченной ответственностью «Щука»",
    "Ψυχή & Άγγελος Α.Ε.",
    "北京东方贸易有限公司",
    "株式会社トヨタ",
    "주식회사 서울",
    "شركة محمد للتجارة",
    "חברת שלום בע״מ",
    "😀 Emoji 👩‍👩‍👧 GmbH ✈️",
    "Mu\u0308ller & So\u0308hne",
    "ﬁne ﬂow ﷺ ㎏ Ⅳ",
    '"Quotes"; semicolon; \r\nand a line',
    "Sehr lange Gesellschaft " * 8,
]


def written(name: str, is_organization: bool) -> bytes:
    party = Party(
        key="organization:17" if is_organization else "person:4",
        name=name,
        address=Address(name, name, "10115", name, "DE"),
        is_organization=is_organization,
        email=name,
        phone=name,
        contact=name,
    )
    return debtors_file(
        CONFIG,
        fiscal_year=date(2026, 1, 1),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        records=[build_debtor_record(party, 10001)],
    )


def check(name: str, is_organization: bool) -> None:
    file = read_file(written(name, is_organization))

    assert [] == check_file(file)
    assert file.content(1, 2 if is_organization else 4)


@pytest.mark.parametrize("is_organization", [True, False], ids=["organization", "person"])
@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_living_script_gives_a_file_without_a_problem(name: str, is_organization: bool) -> None:
    check(name, is_organization)


@given(st.text(min_size=1, max_size=120).filter(to_cp1252), st.booleans())
def test_any_text_at_all_gives_a_file_without_a_problem(name: str, is_organization: bool) -> None:
    check(name, is_organization)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_in_any_living_script_is_readable(name: str) -> None:
    """Letters and digits stay letters and digits, and none becomes the sign for what cannot be spelled."""
    spelled = to_cp1252(name)

    assert REPLACEMENT not in spelled
    assert sum(sign.isalnum() for sign in spelled) >= sum(
        unicodedata.category(sign) in ("Lu", "Ll", "Nd") for sign in name
    )


def test_a_long_name_is_whole_in_two_columns() -> None:
    name = "Verband der Hersteller von Kunststoffverpackungen und Folien in Niedersachsen e.V."
    file = read_file(written(name, is_organization=True))

    assert name == f"{file.content(1, 2)} {file.content(1, 244)}"
