"""The adviser's list as a file: DATEV's export or any program's table; mistakes all at once."""

import contextlib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.adviser_list import AdviserAccount
from connector.accounting.debtor_records import build_debtor_record
from connector.accounting.party import Address, Party
from connector.accounting.terms import BookingTerms
from connector.errors import DataError, Problem
from connector.pipeline.adviser_file import parse_account, read_adviser_list
from connector.pipeline.hand_over.files import debtors_file
from tests.integration.pipeline.carriage import config_for

CONFIG = config_for()
"""Consultant 455148, client 2, ledger accounts of 4 digits."""

DATEV_SAMPLE = Path(__file__).parents[4] / "shared/data/datev/extf"

PARTIES = (
    Party(
        "organization:1",
        "Rheinwerk Maschinen GmbH",
        Address("Weg 4", "", "51063", "Köln", "DE"),
        vat_id="DE136695976",
    ),
    Party("person:2", "Eva Ernst", Address("Gasse 1", "", "1010", "Wien", "AT"), is_organization=False),
)
EXPECTED = [
    AdviserAccount(10001, "Rheinwerk Maschinen GmbH", "DE136695976", "51063", "Köln", "DE"),
    AdviserAccount(10002, "Eva Ernst", "", "1010", "Wien", "AT"),
]

OUT_OF_RANGE = (
    "Line 6: 8400 is no personal account: with ledger accounts of 4 digits, debtors are 10000 to "
    "69999 and creditors 70000 to 99999."
)

CSV = (
    "Konto;Name;USt-IdNr.;PLZ;Ort;Land\r\n"
    '10001;"Rheinwerk Maschinen GmbH";DE 136 695 976;51063;Köln;Deutschland\r\n'
    "10002;Eva Ernst;;1010;Wien;AT\r\n"
)


def extf(**changes: object) -> bytes:
    return debtors_file(
        config_for(**changes),
        fiscal_year=date(2026, 1, 1),
        created_at=datetime(2026, 11, 1, tzinfo=UTC),
        records=[build_debtor_record(party, 10001 + place) for place, party in enumerate(PARTIES)],
    )


def mistakes(data: bytes) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        read_adviser_list(data, CONFIG)
    return list(caught.value.problems)


def test_the_export_of_datev_is_read() -> None:
    assert EXPECTED == read_adviser_list(extf(), CONFIG)


def test_an_older_version_has_fewer_columns_and_is_read_as_well() -> None:
    lines = extf().decode("cp1252").splitlines()
    header = lines[0].replace('"Debitoren/Kreditoren";5', '"Debitoren/Kreditoren";4')
    shorter = [header, *(";".join(line.split(";")[:243]) for line in lines[1:])]

    assert EXPECTED == read_adviser_list("\r\n".join(shorter).encode("cp1252"), CONFIG)


@pytest.mark.skipif(not DATEV_SAMPLE.is_dir(), reason="DATEV's sample files are not at hand")
def test_the_sample_of_datev_is_read_once_the_client_is_the_right_one() -> None:
    sample = (DATEV_SAMPLE / "EXTF_DebKred_Stamm.csv").read_bytes()
    whole = b"\r\n".join(
        sample.splitlines()[:6]
    )  # The seventh line is the end of a row, without its account.
    config = config_for(datev={"consultant_number": 29098, "client_number": 55003})

    found = read_adviser_list(whole, config)

    assert [
        (10000, "Möbel Testgruber"),
        (20000, "Einrichtungshaus Muster"),
        (30000, "Hans Mustermeier"),
        (40000, "Susanne Testhuber"),
    ] == [(entry.account, entry.name) for entry in found]
    assert ["DE133546770"] == sorted({entry.vat_id for entry in found if entry.vat_id})[:1]
    assert {"other_client"} == {problem.code for problem in mistakes(sample)}


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode("cp1252"),
        CSV.encode("utf-8"),
        CSV.encode("utf-8-sig"),
        CSV.encode("utf-16"),
        b"\xfe\xff" + CSV.encode("utf-16-be"),
        CSV.encode("utf-16-le"),
        CSV.replace(";", "\t").encode(),
        CSV.replace(";", ",").encode(),
        CSV.replace("\r\n", "\n").encode(),
        CSV.replace(
            "Konto;Name;USt-IdNr.;PLZ;Ort;Land", "Account No.;Company;VAT ID;ZIP;City;Country"
        ).encode(),
        CSV.replace("Konto;Name;USt-IdNr.", "DEBITOREN-NR;Firma;UStID").encode(),
        CSV.replace("10001", "10.001").replace("10002", "10002,00").encode(),
        ("Debitorenliste;;\r\nStand 01.11.2026;;\r\n\r\n" + CSV + ";;;;;\r\n").encode(),
        CSV.replace("Konto;", "Konto;Saldo;")
        .replace("10001;", "10001;1.234,56;")
        .replace("10002;", "10002;0;")
        .encode(),
    ],
    ids=[
        "cp1252",
        "utf-8",
        "utf-8 with mark",
        "utf-16 with mark",
        "utf-16 big end",
        "utf-16 without mark",
        "tab",
        "comma",
        "line feeds",
        "English",
        "other headings",
        "German numbers",
        "title above",
        "unknown column",
    ],
)
def test_a_table_of_any_program_is_read(data: bytes) -> None:
    assert EXPECTED == read_adviser_list(data, CONFIG)


def test_a_vat_id_may_stand_in_two_columns_and_a_name_in_two() -> None:
    data = b"Konto,Nachname,Vorname,EU-Land,EU-UStID\n10001,Ernst,Eva,DE,136695976\n"

    assert [AdviserAccount(10001, "Eva Ernst", "DE136695976")] == read_adviser_list(data, CONFIG)


@pytest.mark.parametrize(
    ("written", "country", "vat_id"),
    [
        ("136695976", "Deutschland", "DE136695976"),
        ("94259216", "GR", "EL094259216"),
        ("116.281.710", "Schweiz", "CHE116281710"),
    ],
)
def test_a_number_without_its_country_is_one_of_the_rows_country(
    written: str, country: str, vat_id: str
) -> None:
    data = f"Konto;Name;USt-IdNr.;Land\n10001;Berg AG;{written};{country}\n"

    assert [vat_id] == [entry.vat_id for entry in read_adviser_list(data.encode(), CONFIG)]


def test_a_number_that_is_none_of_the_rows_country_is_told() -> None:
    found = mistakes(b"Konto;Name;USt-IdNr.;Land\n10001;Berg AG;136695977;DE\n")

    assert ["Line 2: '136695977' is no VAT id with its country."] == [problem.message for problem in found]


@pytest.mark.parametrize(
    ("written", "vat_id"),
    [
        ("CHE-116.281.710 MWST", "CHE116281710"),
        ("CHE-116.281.710", "CHE116281710"),
        ("keine", ""),
        ("n/a", ""),
        ("-", ""),
        ("beantragt 2026", ""),
        ("RO11", ""),
        ("RO18547290", "RO18547290"),
    ],
)
def test_a_vat_id_is_read_without_its_suffix_and_words_are_none(written: str, vat_id: str) -> None:
    found = read_adviser_list(f"Konto;Name;USt-IdNr.\n10001;Berg AG;{written}\n".encode(), CONFIG)

    assert [vat_id] == [entry.vat_id for entry in found]


def test_creditors_stand_in_the_same_list() -> None:
    assert [AdviserAccount(70001, "Lieferant")] == read_adviser_list(b"Konto;Name\n70001;Lieferant\n", CONFIG)


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("10001", 10001),
        (" 10 001 ", 10001),
        ("10.001", 10001),
        ("10,001", 10001),
        ("10'001", 10001),
        ("10001,00", 10001),
        ("10001.0", 10001),
        ("10.001,00", 10001),
        ("000010001", 10001),
        ("100.001.000", 100001000),
        ("1,0001E+04", None),
        ("10001,5", None),
        ("D10001", None),
        ("-10001", None),
        ("", None),
        ("１０００１", None),
        ("9" * 40, None),
    ],
)
def test_an_account_is_read_as_programs_write_numbers(text: str, account: int | None) -> None:
    assert account == parse_account(text)


def test_every_mistake_is_told_with_row_column_reason_and_cure() -> None:
    data = CSV + (
        "10.001;Again;;;;\n"
        ";Nobody;;;;\n"
        "8400;Erlöse;;;;\n"
        "1,0E+04;Excel;;;;\n"
        "10005;Wrong id;12345;;;\n"
        "10006;Far away;;;;Atlantis\n"
    )

    found = mistakes(data.encode("cp1252"))

    assert [
        ("account_twice", "Line 4: the account 10001 stands in line 2 already.", "Konto"),
        ("account_not_a_number", "Line 5: the account number is missing.", "Konto"),
        (
            "account_out_of_range",
            OUT_OF_RANGE,
            "Konto",
        ),
        ("account_not_a_number", "Line 7: '1,0E+04' is no account number.", "Konto"),
        ("vat_id_invalid", "Line 8: '12345' is no VAT id with its country.", "USt-IdNr."),
        ("country_unknown", "Line 9: the country 'Atlantis' is not known.", "Land"),
    ] == [(problem.code, problem.message, problem.field) for problem in found]
    assert all(problem.cure for problem in found)


def rows_of_199(**changed: str) -> bytes:
    """A list of 199 customers, in which the given texts stand instead of these rows' names."""
    names = {number: changed.get(f"row_{number}", f"Kunde {number}") for number in range(1, 200)}
    return ("Konto;Name;Ort\n" + "".join(f"{10000 + n};{name};Ort\n" for n, name in names.items())).encode()


def test_a_stray_quotation_mark_swallows_no_accounts() -> None:
    assert 199 == len(read_adviser_list(rows_of_199(), CONFIG))

    assert [
        (
            "quote_not_closed",
            "Line 6: a quotation mark opens a cell, and none on this line closes it.",
            "row",
            "Take the mark out, or close it; write a cell that goes on over several lines on one.",
        )
    ] == [
        (problem.code, problem.message, problem.field, problem.cure)
        for problem in mistakes(rows_of_199(row_5='"Kunde 5'))
    ]


def test_each_stray_quotation_mark_is_told_with_its_line() -> None:
    found = mistakes(rows_of_199(row_5='"Kunde 5', row_100='"Kunde 100', row_150='"Kunde" 150'))

    assert [
        ("quote_not_closed", "Line 6: a quotation mark opens a cell, and none on this line closes it."),
        ("quote_not_closed", "Line 101: a quotation mark opens a cell, and none on this line closes it."),
        ("quote_misplaced", "Line 151: a quotation mark closes a cell, and the cell goes on behind it."),
    ] == [(problem.code, problem.message) for problem in found]


def test_a_cell_does_not_go_on_over_several_lines() -> None:
    # The mark that closes stands at the end of a later cell, as if the cell were meant to be so long.
    found = mistakes(rows_of_199(row_5='"Kunde 5', row_100='Kunde 100"'))

    assert ["Line 6: a quotation mark opens a cell, and none on this line closes it."] == [
        problem.message for problem in found
    ]


def test_quotation_marks_inside_of_a_name_are_read() -> None:
    found = read_adviser_list(rows_of_199(row_5='"Der ""Fünfte"" & Co."', row_6='Rohr 5" GmbH'), CONFIG)

    assert ['Der "Fünfte" & Co.', 'Rohr 5" GmbH'] == [entry.name for entry in found[4:6]]


def test_a_mark_in_the_title_above_the_headings_hides_no_heading() -> None:
    assert 199 == len(read_adviser_list(b'"Debitorenliste;\n' + rows_of_199(), CONFIG))


def test_a_heading_on_two_lines_is_told_where_it_hides_the_headings() -> None:
    found = mistakes(b'Liste\nKonto;Name;"USt-\nIdNr."\n10001;A;\n')

    assert [
        "None of the first 20 rows has the heading of an account column.",
        "Line 2: a quotation mark opens a cell, and none on this line closes it.",
        "Line 3: a quotation mark opens a cell, and none on this line closes it.",
    ] == [problem.message for problem in found]


@pytest.mark.parametrize("data", [CSV.encode("cp1252"), extf()])
def test_the_sign_with_which_old_programs_end_a_text_is_no_account(data: bytes) -> None:
    assert EXPECTED == read_adviser_list(data + b"\x1a", CONFIG)


def test_a_surplus_cell_is_told_since_it_shifts_the_others() -> None:
    found = mistakes(rows_of_199(row_5="Müller; Söhne"))

    assert [
        (
            "cells_surplus",
            "Line 6: has 4 cells, but there are 3 headings: what stands in which column is open.",
            "Put a cell that holds ';' into quotation marks, or give every column a heading.",
        )
    ] == [(problem.code, problem.message, problem.cure) for problem in found]


def test_a_line_longer_than_any_list_is_told() -> None:
    found = mistakes(rows_of_199(row_5="x" * 140_000))

    assert ["line_too_long"] == [problem.code for problem in found]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "file_empty"),
        (b" \r\n", "file_empty"),
        (b"Name;Ort\nA;B\n", "headings_missing"),
        (b"Konto;Name\n", "no_accounts"),
        (b"Konto;Name\n10001;\x81\x8d\n", "bad_encoding"),
        (b"\xff\xfeK", "bad_encoding"),
        (extf(datev={"client_number": 3}), "other_client"),
        (
            extf(terms=BookingTerms(chart="skr03", account_length=4)).replace(b"EXTF", b"DTVF", 1)[:40],
            "headings_missing",
        ),
    ],
)
def test_a_file_that_is_no_such_list_is_refused(data: bytes, code: str) -> None:
    assert [code] == [problem.code for problem in mistakes(data)]


def test_another_account_length_or_category_is_told() -> None:
    longer = extf().decode("cp1252").replace(";20260101;4;", ";20260101;5;").encode("cp1252")
    other = extf().decode("cp1252").replace('700;16;"Debitoren/Kreditoren"', '700;21;"Buchungsstapel"')

    assert ["header field 14 (Sachkontenlänge)"] == [problem.field for problem in mistakes(longer)]
    assert ["wrong_category"] == [problem.code for problem in mistakes(other.encode("cp1252"))]


def test_a_thousand_mistakes_are_counted_not_listed() -> None:
    data = "Konto;Name\n" + "x;y\n" * 1000

    found = mistakes(data.encode())

    assert 201 == len(found)
    assert "800 more problems are not shown." == found[-1].message


@given(st.binary(max_size=300))
def test_whatever_the_bytes_are_it_ends_as_a_list_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(DataError):
        assert read_adviser_list(b"Konto;Name\n" + data, CONFIG)
