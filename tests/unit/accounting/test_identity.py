"""Identities: pinned, because a change makes every document of the past look new to DATEV."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.accounting.identity import document_guid, extf_file_name, posting_key, reference_id

keys = st.text(min_size=1, max_size=80)
numbers = st.integers(0, 10**12)


def test_identities_are_what_they_were_yesterday():
    guid = document_guid("muster", 4711, "invoice", 0, 1)

    assert "87434bb9-8ec8-4201-a819-0aa92f888945" == guid
    assert "4db75716-c0e5-4585-b5e0-77a9ff55aadf" == posting_key(guid, 1)
    assert "mlc-muster-12-1-postings" == reference_id("muster", 12, 1, "postings")
    assert "EXTF_postings_muster_12_1.csv" == extf_file_name("muster", 12, 1, "postings")


@given(keys, numbers, keys, numbers, numbers)
def test_guids_have_the_shape_of_random_ones(tenant, deal, kind, revision, part):
    guid = document_guid(tenant, deal, kind, revision, part)

    assert guid == document_guid(tenant, deal, kind, revision, part)
    assert (4, "specified in RFC 4122") == (UUID(guid).version, UUID(guid).variant)
    assert str(UUID(guid)) == guid


def test_every_part_of_a_name_counts():
    base = ("muster", 47, "invoice", 1, 1)
    others = [("muster-2", *base[1:]), ("muster", 471, *base[2:]), ("muster", 47, "correction", 1, 1)]
    others += [("muster", 47, "invoice", 11, 1), ("muster", 47, "invoice", 1, 11)]

    assert 6 == len({document_guid(*parts) for parts in [base, *others]})


def test_parts_that_read_alike_when_joined_stay_apart():
    assert document_guid("a;1:4", 7, "k", 0, 1) != document_guid("a", 47, "k", 0, 1)
    assert document_guid("a", 1, "2", 3, 4) != document_guid("a", 12, "", 3, 4)


def test_a_posting_and_its_reversal_are_two_things():
    assert 3 == len({posting_key("g", 1), posting_key("g", 2), posting_key("g", 1, 1)})


def test_the_case_of_a_guid_does_not_matter():
    assert posting_key("ABC", 1) == posting_key("abc", 1)


@given(keys, numbers, st.integers(1, 999), st.sampled_from(["debtors", "postings", "ledger"]))
def test_names_of_submissions_fit_what_the_interface_takes(tenant, batch, attempt, content):
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,254}", reference_id(tenant, batch, attempt, content))
    assert re.fullmatch(r"EXTF_[A-Za-z0-9_.-]{1,51}\.csv", extf_file_name(tenant, batch, attempt, content))


@pytest.mark.parametrize("tenant", ["muster", "m" * 80, "größe"])
def test_another_attempt_or_content_has_another_name(tenant):
    names = {
        make(tenant, batch, attempt, content)
        for make in (reference_id, extf_file_name)
        for batch in (1, 11)
        for attempt in (1, 2)
        for content in ("debtors", "postings")
    }

    assert 16 == len(names)


def test_long_names_that_begin_alike_stay_apart():
    assert extf_file_name("m" * 60 + "a", 1, 1, "postings") != extf_file_name(
        "m" * 60 + "b", 1, 1, "postings"
    )
