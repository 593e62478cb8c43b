"""What the advisers' guide says that waits, waits; and what it says that is booked, is booked."""

import copy
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from connector.config_files import load_chart_document
from tests.unit.cli.console import command
from tests.unit.cli.deals import bundle, write_bundle, write_tenant

_DOCS = Path(__file__).parents[3] / "docs"
GUIDE = (_DOCS / "berater-leitfaden.md").read_text("utf-8")
GUIDE_OF_KEEPING = (_DOCS / "aufbewahrung.md").read_text("utf-8")
FIELDS = """
[fields]
vat_id = "USt-IdNr."
customer_status = "Kundenart"
special_scheme = "Sonderregelung"
supply_kind = "Leistungsart"
reverse_charge = "Bauleistung"
[sale]
supply_kind_labels = { "Ware" = "goods", "Ort" = "work_at_place" }
customer_status_labels = { "Firma" = "business", "Privat" = "consumer", "?" = "unknown" }
"""
_KEYS = {name: f"{number:040x}" for number, name in enumerate(re.findall(r' = "(.+)"\n', FIELDS), start=10)}


def deal(
    country: str = "Deutschland",
    postal_code: str = "10115",
    city: str = "Berlin",
    tax: Any = 19,
    **fields: str,
) -> dict[str, Any]:
    """One line, to a customer there; keyword arguments are fields of the deal and the organization."""
    content = bundle(value=1000.1)
    content["organization"]["address"] |= {"country": country, "postal_code": postal_code, "locality": city}
    content["organization"]["address"]["value"] = f"Hauptstraße 5, {postal_code} {city}, {country}"
    content["products"] = [content["products"][0] | {"tax": tax}]
    names = {
        "vat_id": "USt-IdNr.",
        "status": "Kundenart",
        "scheme": "Sonderregelung",
        "kind": "Leistungsart",
        "marked_13b": "Bauleistung",
    }
    values = {_KEYS[names[name]]: value for name, value in fields.items()}
    content["deal"]["custom_fields"] = values
    content["organization"]["custom_fields"] = values
    defined = [
        {"field_code": key, "field_name": name, "field_type": "varchar", "is_custom_field": True}
        for name, key in _KEYS.items()
    ]
    catalog: list[dict[str, Any]] = [{"id": 5, "category": None, "custom_fields": {}}]
    return content | {"deal_fields": defined, "organization_fields": defined, "catalog": catalog}


def austrian(tax: Any = 0, **fields: str) -> dict[str, Any]:
    """One line, to a customer in Vienna."""
    return deal("Österreich", "1010", "Wien", tax, **fields)


def in_rates(*amounts: str) -> dict[str, Any]:
    """The deal of 1,000.10 in instalments, a month apart."""
    rates = [
        {"id": n, "deal_id": 42, "amount": amount, "billing_date": f"2027-0{n + 1}-10", "description": f"{n}"}
        for n, amount in enumerate(amounts, start=1)
    ]
    return deal() | {"installments": rates}


@dataclass(frozen=True)
class Example:
    """A deal for one sentence of the guide, and the code by which it waits."""

    content: Callable[[], dict[str, Any]]
    code: str


def _changed(content: dict[str, Any], **changes: Any) -> dict[str, Any]:
    content["deal"] |= changes
    return content


def _taken_back() -> dict[str, Any]:
    content = deal()
    content["products"][0]["quantity"] = -1
    return _changed(content, value=-1000.1)


def _twice_discounted(value: float) -> dict[str, Any]:
    discounts = [
        {"id": "a", "type": "percentage", "amount": 10},
        {"id": "b", "type": "amount", "amount": 50.1},
    ]
    return _changed(deal() | {"discounts": discounts}, value=value)


def _all_disabled() -> dict[str, Any]:
    content = deal()
    content["products"][0]["is_enabled"] = False
    return content


_FOREIGN_VAT_ID = (
    "Deutsche Anschrift mit der USt-IdNr. eines anderen Staates, auch mit dem Kennzeichen § 13b und bei "
    "Kleinunternehmern"
)

WAITING = {
    "EU-Unternehmer ohne gültige USt-IdNr.": Example(
        lambda: austrian(status="Firma", vat_id="ATU12345676"), "vat_id_invalid"
    ),
    _FOREIGN_VAT_ID: Example(lambda: deal(vat_id="ATU12345675"), "vat_id_contradicts_country"),
    "Verbraucher im Ausland mit USt-IdNr.": Example(
        lambda: austrian(20, status="Privat", vat_id="ATU12345675"), "vat_id_contradicts_status"
    ),
    "Kunden im Ausland, bei denen offen ist, ob sie Unternehmer oder Verbraucher sind": Example(
        lambda: austrian(status="?"), "customer_status_unknown"
    ),
    "Mögliche Dreiecksgeschäfte: Lieferung an einen EU-Unternehmer mit der USt-IdNr. eines dritten Staates": (
        Example(
            lambda: austrian(status="Firma", kind="Ware", vat_id="FR40303265045"), "triangular_transaction"
        )
    ),
    "Sonderregelungen (§§ 23 bis 25c UStG), am Auftrag gekennzeichnet": Example(
        lambda: deal(scheme="Differenz"), "special_scheme"
    ),
    "Steuersätze, die im Land der Besteuerung nicht gelten": Example(lambda: deal(tax=5), "rate_not_german"),
    "0 % im Inland ohne Begründung": Example(lambda: deal(tax=0), "zero_rate_unclear"),
    "Aufträge mit negativer Summe, wenn nicht als Rechnungskorrektur vereinbart": Example(
        _taken_back, "total_negative"
    ),
    "Aufträge, deren Zeilen alle abgeschaltet sind": Example(_all_disabled, "lines_all_disabled"),
    "Mehrere Rabatte am Auftrag, einer davon in Prozent, wenn sein Wert nicht zeigt, wie sie zusammenwirken, "
    "und nichts vereinbart ist": Example(lambda: _twice_discounted(1000.1), "discounts_unclear"),
    "Raten, deren Summe weder netto noch brutto der Auftrag ist": Example(
        lambda: in_rates("500.00", "400.00"), "installments_differ"
    ),
    "Fremdwährung ohne Kurs": Example(
        lambda: _changed(deal("Schweiz", "8001", "Zürich", 0, status="Firma"), currency="CHF"),
        "exchange_rate_missing",
    ),
    "Sondergebiete (Helgoland, Büsingen, Kanaren …)": Example(
        lambda: deal(postal_code="27498", city="Helgoland"), "special_territory"
    ),
    "San Marino, Vatikan, Andorra, Liechtenstein, Gibraltar und der Norden Zyperns, wenn die Anschrift einen "
    "Mitgliedstaat nennt": Example(lambda: deal("Italien", "47890", "San Marino"), "special_territory"),
    "Leistungen am Grundstück oder Veranstaltungsort": Example(lambda: deal(kind="Ort"), "work_at_place"),
}


def shown(folder: Path, content: dict[str, Any], booking: str = "") -> dict[str, Any]:
    """The preview of a deal, as JSON."""
    numbers = 'pattern = "R{deal_id}-{part}"' if "installments" in content else ""
    tenant = write_tenant(folder, numbers=numbers, booking=f'chart = "skr03"\n{booking}', more=FIELDS)
    deal_file = write_bundle(folder, content)
    result = command("preview", "--tenant", tenant, "--bundle", deal_file, "--format", "json")
    return dict(json.loads(result.stdout))


def test_every_item_of_the_guides_list_has_an_example_and_no_other() -> None:
    section = GUIDE.split("**Es wartet und wird nicht gebucht:**")[1].split("Gebucht werden dagegen")[0]

    assert list(WAITING) == re.findall(r"^\* (.+)$", section, re.MULTILINE)


@pytest.mark.parametrize("item", WAITING)
def test_what_the_guide_says_that_waits_waits(tmp_path: Path, item: str) -> None:
    preview = shown(tmp_path, WAITING[item].content())

    assert ("needs_attention", [WAITING[item].code]) == (
        preview["outcome"],
        [reason["code"] for reason in preview["reasons"]],
    )


def test_a_wrong_vat_id_is_told_as_it_is_written_in_pipedrive(tmp_path: Path) -> None:
    greek = deal("Griechenland", "10431", "Athen", 0, status="Firma", vat_id="GR 123456789")

    [reason] = shown(tmp_path, greek)["reasons"]

    assert "vat_id_invalid" == reason["code"]
    assert "VAT id GR123456789 of the customer in GR" in reason["message"]


def test_a_vat_id_in_full_width_letters_is_read_like_its_country(tmp_path: Path) -> None:
    written = "\uff21\uff34\uff35\uff11\uff13\uff15\uff18\uff15\uff16\uff12\uff17"

    preview = shown(tmp_path, austrian(status="Firma", vat_id=written))

    assert ["ATU13585627"] == [posting["eu_vat"] for posting in preview["postings"]]


@pytest.mark.parametrize("postal_code", ["8238", "CH-8238", "78266"])
def test_busingen_waits_by_the_code_of_either_post_office(tmp_path: Path, postal_code: str) -> None:
    preview = shown(tmp_path, deal(postal_code=postal_code, city="Büsingen am Hochrhein"))

    assert ["special_territory"] == [reason["code"] for reason in preview["reasons"]]


def test_the_guide_and_the_table_of_terms_say_the_same_of_keeping() -> None:
    answer = GUIDE.split("**Wie lange bleiben die Unterlagen?**")[1]
    terms = GUIDE_OF_KEEPING.split("## Fristen")[1].split("\n## ")[0]

    assert "| PDF der Rechnung | `document.content` | 8 Jahre |" in terms
    assert {"10 Jahre"} == set(
        re.findall(r"^\| (?:übergebene Dateien.*|Journal) \|.*?\| (\d+ Jahre)", terms, re.MULTILINE)
    )
    assert "das PDF der Rechnung 8 Jahre, übergebene Dateien" in answer
    assert "Protokoll jedes Schritts 10 Jahre" in answer
    assert "Danach löscht ml-connector sie" in answer


@pytest.mark.parametrize(
    ("content", "booking"),
    [
        (deal(vat_id="ATU12345675", marked_13b="ja"), ""),
        (deal(vat_id="ATU12345675", tax=0), "small_business = true"),
    ],
)
def test_a_german_address_with_a_foreign_vat_id_waits_also_in_the_cases_that_the_guide_names(
    tmp_path: Path, content: dict[str, Any], booking: str
) -> None:
    preview = shown(tmp_path, content, booking)

    assert ["vat_id_contradicts_country"] == [reason["code"] for reason in preview["reasons"]]


@pytest.mark.parametrize(("value", "booking"), [(850.0, ""), (1000.1, 'several_discounts = "of_the_sum"')])
def test_several_discounts_are_booked_where_value_or_agreement_says_how(
    tmp_path: Path, value: float, booking: str
) -> None:
    preview = shown(tmp_path, _twice_discounted(value), booking)

    assert ("posted", "849.99") == (preview["outcome"], preview["invoice"]["net"])
    assert "warten oder jeden von der Summe der Zeilen rechnen? | warten |" in GUIDE


def test_instalments_and_recurring_lines_are_booked_as_the_guide_says(tmp_path: Path) -> None:
    recurring = deal()
    recurring["products"][0] |= {
        "billing_frequency": "monthly",
        "billing_frequency_cycles": 2,
        "billing_start_date": "2027-02-10",
    }
    previews = [shown(tmp_path, content) for content in (in_rates("500.10", "500.00"),)]
    previews += [shown(tmp_path, copy.deepcopy(recurring) | {"installments": []})]

    assert [("posted", 2)] * 2 == [(preview["outcome"], len(preview["parts"])) for preview in previews]


def test_a_wrong_vat_id_of_a_domestic_customer_stays_out_of_the_master_data_and_is_told(
    tmp_path: Path,
) -> None:
    preview = shown(tmp_path, deal(vat_id="DE136695977"))

    assert ("posted", "") == (preview["outcome"], preview["debtor"]["vat_id"])
    assert any("DE136695977" in why for why in preview["postings"][0]["why"])


def test_only_the_accounts_that_the_guide_names_have_no_function() -> None:
    section = GUIDE.split("## Steuerfälle, Konten und Schlüssel")[1].split("\n## ")[0]
    rows = re.findall(r"^\| [^|]+ \| (\d{4}) \| (\d{4}) \|", section, re.MULTILINE)
    plain = set()
    for place, chart in enumerate(("skr03", "skr04")):
        entries = load_chart_document(chart)["accounts"]
        booked = {int(row[place]) for row in rows}
        plain |= {
            account
            for account in booked
            for entry in entries
            if entry["first"] <= account <= entry.get("last", entry["first"])
            and entry.get("function") == "none"
        }

    assert {8320, 4320, 8331, 4331} == plain
    assert re.search(r"nur die des OSS, 8320 / 4320 und\s8331 / 4331, haben keine Funktion", section)


def test_an_instalment_shows_the_tax_of_its_own_amount_as_in_the_guides_example(tmp_path: Path) -> None:
    content = in_rates("33.33", "33.33", "33.34")
    content["products"][0]["item_price"] = 100

    preview = shown(tmp_path, _changed(content, value=100))

    invoices = [part["invoice"] for part in preview["parts"]]
    assert [("33.33", "6.33"), ("33.33", "6.33"), ("33.34", "6.33")] == [
        (invoice["net"], invoice["tax"]) for invoice in invoices
    ]
    assert "33,33 €, 33,33 € und 33,34 € mit je 6,33 € Steuer, zusammen 18,99 € statt 19,00 €" in GUIDE
