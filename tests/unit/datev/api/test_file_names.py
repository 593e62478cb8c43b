"""File names as DATEV takes them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.datev.file_names import clean_file_name, media_type


@pytest.mark.parametrize(
    ("given_name", "cleaned"),
    [
        ("Rechnung 4711.pdf", "Rechnung 4711.pdf"),
        ("Rechnung für Müller & Söhne (2).pdf", "Rechnung für Müller & Söhne (2).pdf"),
        (unicodedata.normalize("NFD", "Müller.pdf"), "Müller.pdf"),
        ("a/b\\c:d*e?.pdf", "c_d_e_.pdf"),
        ("Łódź.pdf", "_ódz.pdf"),
        ("2×3÷4.pdf", "2_3_4.pdf"),
        ("Rechnung\r\nX-Evil: 1.pdf", "Rechnung__X-Evil_ 1.pdf"),
        ("€100.pdf", "_100.pdf"),
        (".pdf", "document.pdf"),
        ("...", "document"),
        ("", "document"),
        ("x" * 300 + ".pdf", "x" * 251 + ".pdf"),
        ("Rechnung Nr. 5 vom zwölften Mai", "Rechnung Nr. 5 vom zwölften Mai"),
    ],
)
def test_a_name_becomes_one_that_datev_keeps(given_name, cleaned):
    assert cleaned == clean_file_name(given_name)


@given(st.text(max_size=400))
def test_a_clean_name_stays_as_it_is(name):
    cleaned = clean_file_name(name)
    assert cleaned == clean_file_name(cleaned)
    assert 1 <= len(cleaned) <= 255
    assert unicodedata.normalize("NFC", cleaned) == cleaned


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PDF", "application/pdf"), ("document.xml", "text/xml"), ("a.zip", None), ("a", None)],
)
def test_the_media_type_follows_the_extension(name, kind):
    assert kind == media_type(name)
