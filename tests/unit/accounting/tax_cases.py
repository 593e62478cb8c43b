"""The case list: sales and what the shipped tax rules must make of each of them.

Every value of every condition of every rule has a case here; ``test_tax_mutations`` proves it by changing
the rules one by one.
"""

from collections.abc import Iterator
from typing import Any

from connector.accounting.party import Address, CustomerStatus, Party
from connector.accounting.sale import SupplyKind, TaxMethod
from tests.unit.accounting.samples import austrian, buyer
from tests.unit.accounting.tax_case import Case

CONSUMER, UNKNOWN = CustomerStatus.CONSUMER, CustomerStatus.UNKNOWN
GOODS, SERVICE = SupplyKind.GOODS, SupplyKind.SERVICE
ELECTRONIC, CATALOGUE, AT_PLACE = (
    SupplyKind.ELECTRONIC_SERVICE,
    SupplyKind.CATALOGUE_SERVICE,
    SupplyKind.WORK_AT_PLACE,
)
SMALL, OSS, OVER_OSS = {"small_business": True}, {"oss": True}, {"small_business": True, "oss": True}


DE = buyer()
AT = austrian()
AT_C = buyer("AT", status=CONSUMER, postal_code="1010")
AT_C_SOMEWHERE = buyer("AT", status=CONSUMER, postal_code="")
AT_SOMEWHERE = austrian(postal_code="")
FR_C_SOMEWHERE = buyer("FR", status=CONSUMER, postal_code="")
FR_SOMEWHERE = buyer("FR", postal_code="", vat_id="FR40303265045")
FR_C = buyer("FR", status=CONSUMER, postal_code="75001")
GR_C = buyer("GR", status=CONSUMER, postal_code="10557")
GREEK = buyer("GR", vat_id="GR 094259216", postal_code="10557")
SWISS = buyer("CH", postal_code="8001")
SWISS_C = buyer("CH", status=CONSUMER, postal_code="8001")
SWISS_ID = buyer("CH", vat_id="CHE-123.456.788 MWST", postal_code="8001")
BELFAST = buyer("GB", postal_code="BT1 5GS", vat_id="XI980780684")
BELFAST_NO_ID = buyer("GB", postal_code="BT1 5GS")
BELFAST_GB_ID = buyer("GB", postal_code="BT1 5GS", vat_id="GB980780684")
BELFAST_C = buyer("GB", status=CONSUMER, postal_code="BT1 5GS")
BRITAIN = buyer("GB", postal_code="")
BRITAIN_C = buyer("GB", status=CONSUMER, postal_code="")
BELFAST_BY_ID = buyer("GB", postal_code="", vat_id="XI980780684")
BELFAST_BY_NAME = buyer(
    "GB",
    address=Address("Hauptstraße 1", "", "1234", "Belfast", "GB", "Northern Ireland"),
    vat_id="XI980780684",
)
MONACO = buyer("MC", postal_code="98000", vat_id="FR40303265045")
LONDON = buyer("GB", postal_code="SW1A 1AA")
US = buyer("US", vat_id="12-3456789")

REVERSE_CHARGE = "Steuerschuldnerschaft des Leistungsempfängers"
SMALL_NOTE = "Steuerfreier Umsatz eines Kleinunternehmers nach § 19 UStG."
GOODS_NOTE = "Steuerfreie innergemeinschaftliche Lieferung (§ 4 Nr. 1 Buchst. b UStG)"
EXPORT_NOTE = "Steuerfreie Ausfuhrlieferung (§ 4 Nr. 1 Buchst. a UStG)"


def _abroad_note(paragraph: str) -> str:
    return f"Nicht im Inland steuerbare Leistung (§ 3a Abs. {paragraph} UStG)"


def _park(rule: str, code: str, where: str, party: Party, **sale: Any) -> Case:
    return Case(rule, party, code=code, field=where, **sale)


def _small(rule: str, party: Party, **sale: Any) -> Case:
    return Case(
        rule,
        party,
        tax_case="small_business",
        accounts=(8192, 4184),
        note=SMALL_NOTE,
        **{"terms": SMALL} | sale,
    )


def _domestic(rule: str, party: Party, rate: str, **sale: Any) -> Case:
    accounts, key = {"19": ((8400, 4400), "3"), "7": ((8300, 4300), "2")}[rate]
    return Case(
        rule,
        party,
        rate,
        tax_case=f"domestic_{rate}",
        charged=rate,
        accounts=accounts,
        plain_key=key,
        over_mapping=False,
        **sale,
    )


def _reverse_charge(party: Party, **sale: Any) -> Case:
    return Case(
        "eu_service",
        party,
        tax_case="eu_service",
        accounts=(8336, 4336),
        plain_key="47",
        note=REVERSE_CHARGE,
        **sale,
    )


def _third_service(rule: str, paragraph: str, party: Party, **sale: Any) -> Case:
    note = _abroad_note(paragraph)
    return Case(rule, party, tax_case="third_country_service", accounts=(8338, 4338), note=note, **sale)


def _oss(rule: str, party: Party, rate: str, country: str, **sale: Any) -> Case:
    accounts, key = {"oss_goods": ((8320, 4320), "240"), "oss_electronic_service": ((8331, 4331), "44")}[rule]
    return Case(
        rule,
        party,
        rate,
        terms=OSS,
        tax_case=rule,
        charged=rate,
        accounts=accounts,
        plain_key=key,
        eu_vat=country,
        eu_rate=rate,
        origin="DE",
        **sale,
    )


def _below(rule: str, party: Party, rate: str, accounts: tuple[int, int], **sale: Any) -> Case:
    key = {"19": "3", "7": "2"}[rate]
    return Case(rule, party, rate, tax_case=rule, charged=rate, accounts=accounts, plain_key=key, **sale)


def _nobody_may_guess() -> Iterator[Case]:
    yield _park(
        "foreign_seller", "home_country_not_covered", "terms.home_country", DE, terms={"home_country": "AT"}
    )
    for party, scheme in ((DE, "§ 25a Gebrauchtware"), (buyer(""), "Reise")):
        yield _park("special_scheme", "special_scheme", "special_scheme", party, rate="19", scheme=scheme)
    for country in ("", "Deutschland", "ZZ"):
        yield _park("country_unknown", "country_missing", "address.country", buyer(country), rate="19")
    for place in ("DE 78266", "DE 27498", "ES 35001", "DK 3900", "AT 6991"):
        country, postal_code = place.split()
        party = buyer(country, postal_code=postal_code)
        yield _park("special_territory", "special_territory", "address", party)
    for party in (DE, AT, AT_C, SWISS, SWISS_C, BELFAST):
        yield _park("work_at_place", "work_at_place", "supply_kind", party, rate="19", supply=AT_PLACE)


def _small_business() -> Iterator[Case]:
    shows = ("small_business_shows_tax", "small_business_shows_tax", "tax")
    yield _park(*shows, DE, rate="19", terms=SMALL)
    yield _park(*shows, AT_C, rate="20", supply=GOODS, terms=OVER_OSS)
    for party in (DE, buyer(status=CONSUMER), buyer(status=UNKNOWN)):
        yield _small("small_business", party)
    yield _small("small_business", DE, supply=GOODS)
    yield _small("small_business", buyer(vat_id="DE136695976"))
    marked = "small_business_marked_13b"
    yield _park(marked, marked, "reverse_charge", DE, marked=True, terms=SMALL)
    abroad = ("small_business_goods_abroad", "supply_kind")
    for party in (AT, SWISS, BELFAST):
        yield _park("small_business_export", *abroad, party, supply=GOODS, terms=SMALL)
    yield _park("small_business_export_consumer", *abroad, SWISS_C, supply=GOODS, terms=SMALL)
    eu = ("small_business_service_eu", "small_business_service_abroad", "customer_status")
    yield _park(*eu, AT, terms=SMALL)
    yield _park(*eu, AT, supply=CATALOGUE, terms=SMALL)
    for party in (SWISS, BELFAST):
        yield _third_service("third_country_service", "2", party, terms=SMALL)
    yield _third_service("third_country_service", "2", BELFAST, supply=ELECTRONIC, terms=OVER_OSS)
    for party in (SWISS_C, BRITAIN_C, BELFAST_C):
        yield _small("small_business_consumer_third", party)
    for supply in (GOODS, ELECTRONIC):
        yield _park("small_business_oss", "small_business_oss", "tax", AT_C, supply=supply, terms=OVER_OSS)
        yield _small("small_business_consumer_eu", AT_C, supply=supply)
    yield _park("small_business_oss", "small_business_oss", "tax", BELFAST_C, supply=GOODS, terms=OVER_OSS)
    yield _small("small_business_consumer_eu", BELFAST_C, supply=GOODS)
    yield _small("small_business_consumer_eu", AT_C)
    yield _small("small_business_consumer_eu", AT_C, terms=OVER_OSS)
    yield _third_service(
        "third_country_catalogue_service_consumer", "4", SWISS_C, supply=CATALOGUE, terms=SMALL
    )


def _marked_13b() -> Iterator[Case]:
    for party in (AT, BELFAST, BRITAIN, SWISS):
        yield _park("marked_13b_abroad", "marked_13b_abroad", "reverse_charge", party, marked=True)
    yield _park("marked_13b_abroad", "marked_13b_abroad", "reverse_charge", SWISS, marked=True, terms=SMALL)
    shows = ("marked_13b_shows_tax", "rate_contradicts_reverse_charge", "tax")
    yield _park(*shows, DE, rate="19", marked=True)
    for status in (CONSUMER, UNKNOWN):
        not_business = "marked_13b_not_a_business"
        yield _park(not_business, not_business, "customer_status", buyer(status=status), marked=True)
    for party in (DE, buyer(vat_id="DE136695976")):
        yield Case(
            "domestic_reverse_charge",
            party,
            marked=True,
            tax_case="domestic_reverse_charge",
            accounts=(8337, 4337),
            plain_key="46",
            note=REVERSE_CHARGE,
        )


def _germany() -> Iterator[Case]:
    other = ("domestic_vat_id_of_other_country", "vat_id_contradicts_country", "vat_id")
    for status in CustomerStatus:
        for vat_id in ("ATU13585627", "ATU13585628"):
            yield _park(*other, buyer(vat_id=vat_id, status=status), rate="19")
            yield _park(*other, buyer(vat_id=vat_id, status=status), rate="0", terms=SMALL)
            yield _park(*other, buyer(vat_id=vat_id, status=status), rate="0", marked=True)
    for vat_id in ("FREI", "BEANTRAGT", "SIEHE NOTIZ"):
        yield _domestic("domestic_19", buyer(vat_id=vat_id), "19")
    for vat_id in ("DE136695976", "DE136695975"):
        yield _domestic("domestic_19", buyer(vat_id=vat_id), "19")
        yield _domestic("domestic_7", buyer(vat_id=vat_id), "7")
    yield _domestic("domestic_19", DE, "19")
    yield _domestic("domestic_19", buyer(status=UNKNOWN), "19", supply=GOODS)
    inclusive = TaxMethod.INCLUSIVE
    yield _domestic("domestic_19", buyer(status=CONSUMER), "19", supply=ELECTRONIC, method=inclusive)
    yield _domestic("domestic_7", DE, "7")
    for means, rule, accounts, note in (
        ("zero_rated", "domestic_zero_rated", (8290, 4290), "Nullsteuersatz nach § 12 Abs. 3 UStG"),
        ("exempt", "domestic_exempt", (8100, 4100), "Umsatzsteuerfrei nach § 4 UStG"),
    ):
        terms = {"zero_rate_means": means}
        for party in (DE, buyer(vat_id="DE136695976")):
            yield Case(rule, party, terms=terms, tax_case=rule, accounts=accounts, note=note)
        yield _park("domestic_other_rate", "rate_not_german", "tax", DE, rate="16", terms=terms)
        yield _domestic("domestic_19", DE, "19", terms=terms)
        yield _reverse_charge(AT, eu_vat="ATU13585627", terms=terms)
    yield _park("domestic_zero_unclear", "zero_rate_unclear", "tax", DE)
    none = ("domestic_tax_method_none", "tax_method_contradicts_rate", "tax_method")
    yield _park(*none, DE, rate="19", method=TaxMethod.NONE)
    yield _park("domestic_other_rate", "rate_not_german", "tax", DE, rate="16")


def _unclear_abroad() -> Iterator[Case]:
    unknown = ("status_unknown_abroad", "customer_status_unknown", "customer_status")
    for party in (austrian(status=UNKNOWN), buyer("US", status=UNKNOWN)):
        yield _park(*unknown, party)
        yield _park(*unknown, party, supply=GOODS, terms=SMALL)
    postal = ("britain_goods_unclear", "postal_code_missing", "address.postal_code")
    for party in (BRITAIN, BRITAIN_C):
        yield _park(*postal, party, supply=GOODS)
    for party in (FR_SOMEWHERE, FR_C_SOMEWHERE):
        yield _park("territory_goods_unclear", *postal[1:], party, supply=GOODS)
    for supply in (ELECTRONIC, CATALOGUE):
        yield _park("territory_consumer_unclear", *postal[1:], FR_C_SOMEWHERE, supply=supply)
        yield _reverse_charge(FR_SOMEWHERE, eu_vat="FR40303265045", supply=supply)
    yield _reverse_charge(FR_SOMEWHERE, eu_vat="FR40303265045")
    for supply in (GOODS, ELECTRONIC):
        yield _park("oss_region_unclear", *postal[1:], AT_C_SOMEWHERE, rate="20", supply=supply, terms=OSS)
    yield _reverse_charge(AT_SOMEWHERE, eu_vat="ATU13585627", supply=ELECTRONIC, terms=OSS)
    contradicts = ("vat_id_contradicts_country", "vat_id")
    for country in ("CH", "GB"):
        for vat_id in ("ATU13585627", "ATU13585628"):
            party = buyer(country, vat_id=vat_id, postal_code="")
            yield _park("vat_id_of_eu_in_third_country", *contradicts, party)
    for vat_id in ("ATU13585627", "ATU13585628"):
        northern = buyer("GB", postal_code="BT1 5GS", vat_id=vat_id)
        for supply in (SERVICE, GOODS):
            yield _park("northern_ireland_vat_id_of_other_country", *contradicts, northern, supply=supply)
    for country, postal_code, vat_id in (
        ("AT", "1010", "ATU13585627"),
        ("AT", "1010", "ATU13585628"),
        ("AT", "1010", "FR40303265045"),
        ("GB", "BT1 5GS", "XI980780684"),
        ("GB", "", "980780684"),
        ("CH", "8001", "CHE-123.456.788 MWST"),
    ):
        party = buyer(country, postal_code=postal_code, vat_id=vat_id, status=CONSUMER)
        yield _park("consumer_with_vat_id", "vat_id_contradicts_status", "customer_status", party)


def _third_country_consumers() -> Iterator[Case]:
    for party in (SWISS_C, BRITAIN_C, BELFAST_C):
        for rate in ("19", "7"):
            yield _domestic(f"third_country_consumer_service_{rate}", party, rate)
        none = ("third_country_consumer_tax_method_none", "tax_method_contradicts_rate", "tax_method")
        yield _park(*none, party, rate="19", method=TaxMethod.NONE)
        for rate in ("0", "20"):
            yield _park("third_country_consumer_service_rate", "rate_not_german", "tax", party, rate=rate)
        shows = ("third_country_consumer_rate_contradicts", "rate_contradicts_third_country", "tax")
        for supply in (CATALOGUE, ELECTRONIC):
            yield _park(*shows, party, rate="19", supply=supply)
        rule = "third_country_{}_service_consumer"
        yield _third_service(rule.format("catalogue"), "4", party, supply=CATALOGUE)
        yield _third_service(rule.format("electronic"), "5", party, supply=ELECTRONIC, terms=OSS)
        yield _third_service(rule.format("electronic"), "5", party, supply=ELECTRONIC)
        for name, supply, paragraph in (("catalogue", CATALOGUE, "4"), ("electronic", ELECTRONIC, "5")):
            none_abroad = {"rate": "19", "method": TaxMethod.NONE}
            yield _third_service(rule.format(name), paragraph, party, supply=supply, **none_abroad)


def _eu_consumers() -> Iterator[Case]:
    for supply in (SERVICE, CATALOGUE):
        for terms in ({}, OSS):
            yield _domestic("eu_consumer_service_19", AT_C, "19", supply=supply, terms=terms)
        yield _domestic("eu_consumer_service_7", AT_C, "7", supply=supply)
        for rate in ("0", "20"):
            yield _park("eu_consumer_service_rate", "rate_not_german", "tax", AT_C, rate=rate, supply=supply)
    none = ("eu_consumer_tax_method_none", "tax_method_contradicts_rate", "tax_method")
    yield _park(*none, AT_C, rate="19", method=TaxMethod.NONE)
    yield _park(*none, BELFAST_C, rate="19", supply=GOODS, method=TaxMethod.NONE)
    wrong = ("oss_rate_of_another_state", "rate_not_of_destination", "tax")
    for supply in (GOODS, ELECTRONIC):
        for rate in ("0", "19"):
            yield _park(*wrong, AT_C, rate=rate, supply=supply, terms=OSS)
    yield _park(*wrong, BELFAST_C, rate="19", supply=GOODS, terms=OSS)
    yield _oss("oss_goods", AT_C, "20", "AT", supply=GOODS)
    yield _oss("oss_goods", AT_C, "10", "AT", supply=GOODS)
    yield _oss("oss_goods", FR_C, "5.5", "FR", supply=GOODS, method=TaxMethod.INCLUSIVE)
    yield _oss("oss_goods", GR_C, "24", "EL", supply=GOODS)
    yield _oss("oss_goods", BELFAST_C, "20", "XI", supply=GOODS)
    yield _oss("oss_electronic_service", AT_C, "20", "AT", supply=ELECTRONIC)
    yield _oss("oss_electronic_service", GR_C, "24", "EL", supply=ELECTRONIC)
    for party, country in ((AT_C, "AT"), (GR_C, "EL"), (BELFAST_C, "XI")):
        yield _below("eu_goods_19", party, "19", (8315, 4315), eu_vat=country, supply=GOODS)
        yield _below("eu_goods_7", party, "7", (8310, 4310), eu_vat=country, supply=GOODS)
    yield _below("eu_electronic_service_19", AT_C, "19", (8449, 4449), supply=ELECTRONIC)
    yield _below("eu_goods_19", AT_C_SOMEWHERE, "19", (8315, 4315), eu_vat="AT", supply=GOODS)
    yield _domestic("eu_consumer_service_19", FR_C_SOMEWHERE, "19")
    yield _domestic("eu_consumer_service_19", AT_C_SOMEWHERE, "19", terms=OSS)
    yield _domestic("eu_electronic_service_7", AT_C, "7", supply=ELECTRONIC)
    for party, supply in ((AT_C, GOODS), (AT_C, ELECTRONIC), (BELFAST_C, GOODS)):
        for rate in ("0", "20"):
            yield _park("eu_consumer_rate", "rate_not_german", "tax", party, rate=rate, supply=supply)


def _eu_businesses() -> Iterator[Case]:
    for supply in (SERVICE, GOODS):
        missing = ("eu_vat_id_missing", "vat_id_missing", "vat_id")
        yield _park(*missing, austrian(vat_id=""), supply=supply)
        for vat_id in ("ATU13585628", "U13585627"):
            party = austrian(vat_id=vat_id)
            yield _park("eu_vat_id_invalid", "vat_id_invalid", "vat_id", party, supply=supply)
    shows = ("eu_rate_contradicts", "rate_contradicts_reverse_charge", "tax")
    for supply in (SERVICE, GOODS, ELECTRONIC, CATALOGUE):
        for rate in ("19", "7"):
            yield _park(*shows, AT, rate=rate, supply=supply)
        yield _park(*shows, AT, rate="20", supply=supply, terms=OSS)
    triangular = austrian(vat_id="FR40303265045")
    yield _park("eu_triangular", "triangular_transaction", "vat_id", triangular, supply=GOODS)
    for supply in (SERVICE, ELECTRONIC, CATALOGUE):
        other = ("eu_vat_id_of_other_country", "vat_id_contradicts_country", "vat_id")
        yield _park(*other, triangular, supply=supply)
        yield _reverse_charge(AT, eu_vat="ATU13585627", supply=supply)
    yield _reverse_charge(GREEK, eu_vat="EL094259216", rate="19", supply=ELECTRONIC, method=TaxMethod.NONE)
    for party in (BELFAST_NO_ID, BELFAST_GB_ID):
        yield _park("northern_ireland_goods_vat_id", "vat_id_missing", "vat_id", party, supply=GOODS)
        yield _third_service("third_country_service", "2", party)
    taxed = ("northern_ireland_goods_rate_contradicts", "rate_contradicts_exemption", "tax")
    yield _park(*taxed, BELFAST, rate="19", supply=GOODS)
    for party, vat_id, terms in (
        (AT, "ATU13585627", {}),
        (AT, "ATU13585627", OSS),
        (GREEK, "EL094259216", {}),
        (BELFAST, "XI980780684", {}),
        (BELFAST_BY_ID, "XI980780684", {}),
        (BELFAST_BY_NAME, "XI980780684", {}),
        (MONACO, "FR40303265045", {}),
    ):
        yield Case(
            "eu_goods",
            party,
            supply=GOODS,
            tax_case="eu_goods",
            accounts=(8125, 4125),
            plain_key="231",
            eu_vat=vat_id,
            note=GOODS_NOTE,
            terms=terms,
        )


def _third_countries() -> Iterator[Case]:
    none: dict[str, Any] = {"rate": "19", "method": TaxMethod.NONE}
    for party in (SWISS, BRITAIN, BELFAST):
        contradicts = ("third_country_rate_contradicts", "rate_contradicts_third_country", "tax")
        yield _park(*contradicts, party, rate="19", supply=ELECTRONIC)
        for rate in ("19", "7"):
            yield _park(*contradicts, party, rate=rate)
        yield _third_service("third_country_service", "2", party, **none)
    for party in (SWISS, SWISS_C):
        for rate in ("19", "7"):
            yield _park(*contradicts, party, rate=rate, supply=GOODS)
        for changes in ({"terms": OSS}, none):
            yield Case(
                "third_country_goods",
                party,
                supply=GOODS,
                tax_case="third_country_goods",
                accounts=(8120, 4120),
                note=EXPORT_NOTE,
                **changes,
            )
    for party in (SWISS, SWISS_C, SWISS_ID, US, LONDON):
        yield Case(
            "third_country_goods",
            party,
            supply=GOODS,
            tax_case="third_country_goods",
            accounts=(8120, 4120),
            note=EXPORT_NOTE,
        )
    for party in (SWISS, SWISS_ID, BRITAIN, BELFAST, US, LONDON):
        for supply in (SERVICE, ELECTRONIC, CATALOGUE):
            yield _third_service("third_country_service", "2", party, supply=supply)


CASES = (
    *_nobody_may_guess(),
    *_small_business(),
    *_marked_13b(),
    *_germany(),
    *_unclear_abroad(),
    *_third_country_consumers(),
    *_eu_consumers(),
    *_eu_businesses(),
    *_third_countries(),
)
BOOKED = tuple(case for case in CASES if not case.code)
PARKED = tuple(case for case in CASES if case.code)
