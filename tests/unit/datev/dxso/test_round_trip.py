"""What is written is read back as the same; what is read was checked."""

import dataclasses
import random

import pytest

from connector.datev.dxso import read_archive, read_ledger, render_package, write_archive, write_ledger
from connector.datev.dxso.elements import (
    ARCHIVE_RULES,
    CONSOLIDATE_RULES,
    DOCUMENT_RULES,
    DOCUMENT_TEXT_RULES,
    HEADER_RULES,
    LEDGER_RULES,
)
from connector.datev.dxso.model import Archive, ArchiveDocument, Ledger, LedgerLine, field_name
from connector.datev.dxso.shape_check import shape_findings
from connector.datev.dxso.shapes import LEDGER_LINES
from connector.datev.dxso.xml import parse_xml
from connector.errors import DataError
from tests.unit.datev.dxso.generated import archive, ledger, package
from tests.unit.datev.dxso.packages import ALL, HEADER

_FIXED = {"version", "xml_data"}


@pytest.mark.parametrize("seed", range(200))
def test_a_ledger_that_is_written_is_read_as_the_same(seed):
    made = ledger(random.Random(seed))  # noqa: S311 - test data, the same every time

    assert made == read_ledger(write_ledger(made))


@pytest.mark.parametrize("seed", range(100))
def test_a_document_xml_that_is_written_is_read_as_the_same(seed):
    made = archive(random.Random(seed), 3)  # noqa: S311 - test data, the same every time

    assert made == read_archive(write_archive(made))


def test_our_own_files_are_read_and_written_byte_for_byte():
    made = render_package(HEADER, ALL)

    assert made.document_xml.content == write_archive(read_archive(made.document_xml.content))
    assert [file.content for file in made.ledgers] == [
        write_ledger(read_ledger(file.content)) for file in made.ledgers
    ]


def test_every_element_and_attribute_has_its_field():
    def fields(model):
        return {field.name for field in dataclasses.fields(model)}

    def names(*tables):
        return {field_name(rule.name) for table in tables for rule in table} - _FIXED

    assert fields(LedgerLine) == names(*LEDGER_LINES.values())
    assert fields(Ledger) == {"kind", "lines"} | names(LEDGER_RULES, CONSOLIDATE_RULES)
    assert fields(ArchiveDocument) == {"extensions", "repository", "intern"} | names(
        DOCUMENT_RULES, DOCUMENT_TEXT_RULES
    )
    assert fields(Archive) == {"documents", "repository"} | names(ARCHIVE_RULES, HEADER_RULES)


def test_a_file_of_another_program_is_read_whatever_its_prefixes_comments_and_encoding():
    content = write_ledger(ledger(random.Random(3)))  # noqa: S311 - test data, the same every time
    text = content.decode().replace("<consolidate", "<!-- made elsewhere --><?made by?><l:consolidate")
    text = text.replace("</consolidate", "</l:consolidate").replace("UTF-8", "UTF-16")
    text = text.replace("<LedgerImport ", '<LedgerImport xmlns:l="http://xml.datev.de/bedi/tps/ledger/v060" ')

    assert read_ledger(content) == read_ledger(text.encode("utf-16"))


@pytest.mark.parametrize("seed", range(100))
def test_the_reader_refuses_what_differs_from_the_schema_with_every_place(seed):
    made = package(seed)
    for content, read in ((made.archive, read_archive), *((one, read_ledger) for one in made.ledgers)):
        findings = shape_findings(parse_xml(content, "file"))
        if not findings:
            assert read(content)
            continue
        with pytest.raises(DataError) as caught:
            read(content)
        assert [finding.rule for finding in findings] == [problem.code for problem in caught.value.problems]
