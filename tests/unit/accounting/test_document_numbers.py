"""Document numbers: made from patterns, and nothing in them that Belegfeld 1 would not take."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.document_numbers import (
    check_document_number,
    clean_document_number,
    number_from_pattern,
)
from connector.errors import DataError


@pytest.mark.parametrize(
    ("pattern", "next_number", "number"),
    [
        ("PD-{deal_id}", None, "PD-4711"),
        ("PD-{deal_id}-{part}", None, "PD-4711-2"),
        ("RE{year}-{next:05d}", 37, "RE2026-00037"),
        ("RE{year}-{next:05d}", None, "RE2026-{next}"),
        ("{deal_id:08d}", None, "00004711"),
    ],
)
def test_a_pattern_is_filled(pattern, next_number, number):
    assert number == number_from_pattern(pattern, deal_id=4711, part=2, year=2026, next=next_number)


@pytest.mark.parametrize("pattern", ["{customer}", "{", "{deal_id:zz}", "{}", "{deal_id.real}", "{0}"])
def test_a_pattern_that_cannot_be_filled_is_refused(pattern):
    with pytest.raises(DataError) as caught:
        number_from_pattern(pattern, deal_id=1, part=1, year=2026)

    assert ["document_number_pattern"] == [problem.code for problem in caught.value.problems]


@pytest.mark.parametrize(
    "width", ["037d", "0100000000d", "02000000000d", ">9999999999", f"0{'9' * 5000}d", ".37f"]
)
def test_a_width_beyond_any_number_is_refused_before_it_is_written_out(width):
    with pytest.raises(DataError) as caught:
        number_from_pattern(f"R{{deal_id:{width}}}", deal_id=1, part=1, year=2026)

    assert ["document_number_pattern"] == [problem.code for problem in caught.value.problems]
    assert 600 > len(caught.value.message)


@pytest.mark.parametrize(("width", "number"), [("036d", "1".zfill(36)), ("000005d", "00001"), ("", "1")])
def test_a_width_that_a_number_can_have_is_filled(width, number):
    assert number == number_from_pattern(f"{{deal_id:{width}}}", deal_id=1, part=1, year=2026)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "document_number_missing"),
        ("RE 1", "document_number_characters"),
        ("RE_1", "document_number_characters"),
        ("RE.1", "document_number_characters"),
        ("RÄ1", "document_number_characters"),
        ("RE1\n", "document_number_characters"),
        ("1" * 37, "document_number_too_long"),
    ],
)
def test_a_number_that_datev_would_change_or_refuse_is_refused(text, code):
    assert code == check_document_number(text).code


def test_every_character_of_the_published_list_passes():
    assert check_document_number("AZaz09$&%*+-/") is None
    assert check_document_number("1" * 36) is None


@given(st.text(max_size=40))
def test_what_passes_is_what_the_published_pattern_says(text):
    assert (check_document_number(text) is None) == bool(re.fullmatch(r"[A-Za-z0-9$&%*+\-/]{1,36}", text))


def test_a_draft_keeps_the_place_of_the_sequence():
    assert check_document_number("RE-{next}", draft=True) is None
    assert check_document_number("", draft=True) is None
    assert "document_number_characters" == check_document_number("RE {next}", draft=True).code


@pytest.mark.parametrize(
    ("written", "cleaned"),
    [
        ("RE 2026.17", "RE-2026-17"),
        ("RE - 17", "RE-17"),
        (" RE-17 ", "RE-17"),
        ("#17.", "17"),
        ("RE_17", "RE-17"),
        ("RE/17 (Kopie)", "RE/17-Kopie"),
        ("Größe 5", "Groesse-5"),
        ("Ré17", "Re17"),
        ("№ 17", "No-17"),
        ("\uff11\uff17", "17"),
        ("\u0661\u0667", "17"),
        ("re-17", "re-17"),
        ("a--b", "a--b"),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_number_is_cleaned_on_purpose(written, cleaned):
    assert cleaned == clean_document_number(written)


@given(st.text(max_size=30))
def test_what_was_cleaned_is_taken_or_empty_and_stays_as_it_is(text):
    cleaned = clean_document_number(text)

    assert re.fullmatch(r"[A-Za-z0-9$&%*+\-/]*", cleaned)
    assert cleaned == clean_document_number(cleaned)


@given(st.from_regex(r"[A-Za-z0-9$&%*+\-/]{1,36}", fullmatch=True))
def test_a_safe_number_is_never_changed(text):
    assert text == clean_document_number(text)


@pytest.mark.parametrize("text", ["RE-{next}", "{part}", "{next:05d}", "PD {Deal_ID}", "RE{year}-7"])
def test_a_place_of_a_pattern_in_a_number_is_refused_not_cleaned(text):
    assert "" == clean_document_number(text)
    assert "document_number_characters" == check_document_number(text).code


def test_braces_that_are_no_place_of_a_pattern_are_cleaned():
    assert "RE-7" == clean_document_number("RE{7}")
