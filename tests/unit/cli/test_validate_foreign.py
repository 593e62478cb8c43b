"""What files of other programs get wrong although the format has room for it, as heavy as DATEV takes it."""

from dataclasses import replace
from pathlib import Path

import pytest

from connector.datev.extf import render_debtors, render_posting_batch
from connector.datev.extf.cells import join_cells, split_cells
from connector.datev.extf.header import HEADER_FIELDS
from connector.datev.validation import check_path, file_rules, master_data_rules
from connector.datev.validation.chart_rules import CHART_RULES
from connector.datev.validation.judgements import JUDGEMENTS
from tests.unit.cli.files_for_datev import LEDGER, posting_batch, zipped
from tests.unit.datev.extf.headers import HEADER
from tests.unit.datev.partner_file_list import SAMPLES
from tests.unit.datev.partner_files import partner_file
from tests.unit.datev.samples import COMPANY, POSTING

ERROR, WARNING = "error", "warning"
MASTER_HEADER = replace(HEADER, date_from=None, date_to=None)
FOREIGN = {4: "1,1", 5: "1081,82", 6: '"EUR"'}
"""Exchange rate and base amount of 1,190.00."""


def found(folder: Path, content: bytes, name: str = "EXTF_x.csv") -> list[tuple[str, int | None, str]]:
    """(Rule, column, severity) of everything that is found."""
    path = folder / name
    path.write_bytes(content)
    problems = check_path(path).as_dict()["problems"]
    return [(problem["rule"], problem["column"], problem["severity"]) for problem in problems]


def changed(content: bytes, line: int, cells: dict[int, str]) -> bytes:
    """The file with other cells, by column, in one line."""
    lines = content.decode("cp1252").split("\r\n")
    row = list(split_cells(lines[line - 1]))
    for column, cell in cells.items():
        row[column - 1] = cell
    lines[line - 1] = join_cells(row)
    return "\r\n".join(lines).encode("cp1252")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({3: '"ZZZ"', **FOREIGN}, [("currency_unknown", 3, ERROR)]),
        ({3: '"DEM"', **FOREIGN}, [("currency_withdrawn", 3, WARNING)]),
        ({3: '"USD"', **FOREIGN}, []),
        ({40: '"ATU12345675"'}, []),
        ({40: '"AT"'}, []),
        ({40: '"ATU12345676"'}, [("vat_id_invalid", 40, WARNING)]),
        ({40: '"DE12345678X"'}, [("vat_id_invalid", 40, WARNING)]),
        ({40: '"XX123"'}, [("eu_country_unknown", 40, WARNING)]),
        ({40: '"GB123456789"'}, [("eu_country_unknown", 40, WARNING)]),
        ({40: '"XI"'}, []),
        ({40: '"EL094259216"'}, []),
        ({40: '"GR094259216"'}, [("greece_is_el", 40, ERROR)]),
        ({123: '"ATU12345676"'}, [("vat_id_invalid", 123, WARNING)]),
        ({123: '"XX"'}, [("eu_country_unknown", 123, WARNING)]),
        ({123: '"GR"'}, [("greece_is_el", 123, ERROR)]),
        ({123: '"EL"'}, []),
        ({120: '"XX"'}, [("country_unknown", 120, WARNING)]),
        ({120: '"AT"'}, []),
        ({120: '"EL"'}, []),
        ({120: '"GR"'}, []),
        ({120: '"XI"'}, []),
    ],
)
def test_codes_of_a_posting_are_held_against_those_there_are(
    tmp_path: Path, cells: dict[int, str], expected: list[tuple[str, int, str]]
) -> None:
    assert expected == found(tmp_path, changed(posting_batch(), 3, cells))


def test_the_same_guid_in_two_rows_is_told_once_for_each_repetition(tmp_path: Path) -> None:
    guid = "4b607b84-e817-4936-9079-88639818eda9"
    postings = [replace(POSTING, key=key) for key in (guid, guid.upper(), "", "", guid)]

    assert [("guid_twice", 103, WARNING)] * 2 == found(tmp_path, render_posting_batch(HEADER, postings))


def test_what_is_remembered_of_a_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_rules, "MOST_GUIDS", 1)
    monkeypatch.setattr(master_data_rules, "MOST_ACCOUNTS", 1)
    first, other = "4b607b84-e817-4936-9079-88639818eda9", "5b607b84-e817-4936-9079-88639818eda9"
    batch = render_posting_batch(HEADER, [replace(POSTING, key=key) for key in (first, other, other, first)])
    head, names, row = render_debtors(MASTER_HEADER, [replace(COMPANY, account=10000)]).splitlines(True)
    later = row.replace(b"10000", b"10001", 1)

    assert [("guid_twice", 103, WARNING)] == found(tmp_path, batch)
    assert [("account_twice", 1, WARNING)] == found(tmp_path, head + names + row + later + later + row)


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({}, []),
        ({2: '""'}, [("name_missing", 2, WARNING)]),
        ({2: '""', 6: '"Muster"', 7: '"0"'}, []),
        ({9: '"DE"', 10: '"13354677X"'}, [("vat_id_invalid", 10, WARNING)]),
        ({9: '"DE"', 10: '"133546770"'}, []),
        ({9: '"XX"', 10: '""'}, [("eu_country_unknown", 9, WARNING)]),
        ({9: '"DE"', 10: '"DE133546770"'}, [("vat_id_with_country", 10, ERROR)]),
        ({9: '"AT"', 10: '""'}, [("vat_id_without_number", 10, WARNING)]),
        ({9: '"DE"', 10: '""'}, [("vat_id_without_number", 10, WARNING)]),
        ({9: '""', 10: '""'}, []),
        ({9: '"GR"', 10: '""'}, [("greece_is_el", 9, ERROR)]),
        ({20: '"XX"'}, [("country_unknown", 20, WARNING)]),
        ({158: '"XX"'}, [("country_unknown", 158, WARNING)]),
        ({20: '"CH"', 158: '"XK"'}, []),
        ({45: '"DE00370400440532013000"'}, [("iban_invalid", 45, WARNING)]),
        ({45: '"DE8937040044053201300"'}, [("iban_invalid", 45, WARNING)]),
        ({45: '"DE89370400440532013000"'}, []),
        ({56: '"AT611904300234573202"'}, [("iban_invalid", 56, WARNING)]),
        ({27: "01022026", 28: "31012026"}, [("valid_from_after_to", 27, WARNING)]),
        ({27: "31012026", 28: "31012026"}, []),
        ({27: "31012026", 28: ""}, []),
        ({163: "01022026", 164: "31012026"}, [("valid_from_after_to", 163, WARNING)]),
        ({218: "01022026", 219: "31012026"}, [("valid_from_after_to", 218, WARNING)]),
    ],
)
def test_what_is_doubtful_in_master_data_is_a_warning(
    tmp_path: Path, cells: dict[int, str], expected: list[tuple[str, int, str]]
) -> None:
    assert expected == found(tmp_path, changed(render_debtors(MASTER_HEADER, [COMPANY]), 3, cells))


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({1: '"DTVF"'}, [("format_mark_dtvf", 1, WARNING)]),
        ({22: '"USD"'}, [("header_currency", 22, WARNING)]),
        ({22: '"DEM"'}, [("header_currency", 22, WARNING)]),
        ({22: '"ZZZ"'}, [("currency_unknown", 22, ERROR)]),
        ({22: '"EU"'}, [("bad_text", 22, ERROR)]),
        ({22: '""'}, []),
        ({22: ""}, []),
    ],
)
def test_mark_and_currency_of_the_header_are_looked_at(
    tmp_path: Path, cells: dict[int, str], expected: list[tuple[str, int, str]]
) -> None:
    assert expected == found(tmp_path, changed(posting_batch(), 1, cells))


def test_every_field_of_the_header_with_other_quotes_than_datevs_is_told(tmp_path: Path) -> None:
    cells = split_cells(posting_batch().decode("cp1252").split("\r\n")[0])
    filled = {number: cell for number, cell in enumerate(cells, start=1) if cell.strip('"')}
    swapped = {
        number: cell.strip('"') if HEADER_FIELDS[number - 1].quoted else f'"{cell}"'
        for number, cell in filled.items()
    }

    told = found(tmp_path, changed(posting_batch(), 1, swapped))

    assert {1, 2, 4, 8, 11, 13, 27} <= set(filled)
    assert [("quotes", number, WARNING) for number in filled] == told


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (f"EXTF_{'x' * 51}.csv", False),
        (f"EXTF_{'x' * 52}.csv", True),
        ("EXTF_Büro.csv", True),
        ("export.csv", False),
    ],
)
def test_a_name_that_the_online_service_does_not_take_is_a_warning(
    tmp_path: Path, name: str, told: bool
) -> None:
    expected = [("file_name", None, WARNING)] if told else []

    assert expected == found(tmp_path, posting_batch(), name)
    assert expected == found(tmp_path, zipped({name: posting_batch()}), "x.zip")


@pytest.mark.parametrize("end", [b"\r\n", b"\r\n\r\n", b"\x1a", b"\r\n\x1a\r\n"])
def test_empty_lines_at_the_end_are_a_warning(tmp_path: Path, end: bytes) -> None:
    path = tmp_path / "EXTF_x.csv"
    path.write_bytes(posting_batch() + end)

    report = check_path(path).as_dict()

    assert ("clean", 1) == (report["verdict"], report["rows"])
    assert [("empty_end", WARNING, 4)] == [
        (problem["rule"], problem["severity"], problem["line"]) for problem in report["problems"]
    ]


def test_an_empty_line_between_two_records_is_an_error(tmp_path: Path) -> None:
    head, names, row = posting_batch().splitlines(True)
    row = changed(head + names + row, 3, {103: '""'}).splitlines(True)[2]

    assert [("cell_count", None, ERROR)] == found(tmp_path, head + names + row + b"\r\n" + row)


LEDGER_LINE = b"<dueDate>2026-11-19</dueDate>"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"", b"", []),
        (
            b"<partyId>PD-O-17</partyId>",
            b"<partyId>PD-O-17</partyId><vatId>ATU13585628</vatId>",
            [("vat_id_invalid", "vatId", WARNING)],
        ),
        (b"<partyId>PD-O-17</partyId>", b"<partyId>PD-O-17</partyId><vatId>ATU13585627</vatId>", []),
        (b"<partyId>PD-O-17</partyId>", b"<partyId>PD-O-17</partyId><vatId>EL094259216</vatId>", []),
        (
            b"<partyId>PD-O-17</partyId>",
            b"<partyId>PD-O-17</partyId><vatId>GR094259216</vatId>",
            [("greece_is_el", "vatId", WARNING)],
        ),
        (
            b"<partyId>PD-O-17</partyId>",
            b"<partyId>PD-O-17</partyId><iban>DE00370400440532013000</iban>",
            [("iban_invalid", "iban", WARNING)],
        ),
        (LEDGER_LINE, b"<dueDate>2026-10-19</dueDate>", [("due_date_before_document", "dueDate", WARNING)]),
        (LEDGER_LINE, b"<dueDate>2026-11-05</dueDate>", []),
        (
            b"<bpAccountNo>10000</bpAccountNo>",
            b"<bpAccountNo>10001</bpAccountNo>",
            [("partner_differs", "bpAccountNo", WARNING)],
        ),
    ],
)
def test_a_ledger_is_asked_what_a_posting_batch_is_asked(
    tmp_path: Path, old: bytes, new: bytes, expected: list[tuple[str, str, str]]
) -> None:
    path = tmp_path / "ledger.xml"
    path.write_bytes(LEDGER.replace(old, new, 1))

    problems = check_path(path).as_dict()["problems"]

    assert expected == [(problem["rule"], problem["field"], problem["severity"]) for problem in problems]


@pytest.mark.parametrize(("name", "_category"), SAMPLES)
def test_datevs_own_samples_have_nothing_of_all_this(name: str, _category: int) -> None:
    report = check_path(partner_file("extf") / name).as_dict()

    assert ["cell_count", "line_ends"] == [problem["rule"] for problem in report["problems"]]


def test_every_judgement_names_a_source_and_every_rule_of_the_chart_is_judged() -> None:
    assert all(judgement.source.endswith(".") for judgement in JUDGEMENTS.values())
    assert CHART_RULES <= JUDGEMENTS.keys()


def test_a_period_outside_the_year_is_told_beside_the_rest(tmp_path: Path) -> None:
    content = changed(posting_batch(), 1, {1: '"DTVF"', 16: "20261231", 15: "20270101"})

    rules = [rule for rule, _column, _severity in found(tmp_path, content)]

    assert ["format_mark_dtvf", "header_period"] == rules
