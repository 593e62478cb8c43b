"""A tenant's file: what is taken, and what is said about what is not."""

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest
from marshmallow import Schema

from connector import codec
from connector.accounting.exchange_rates import ExchangeTerms, TableRate
from connector.accounting.individual_accounts import IndividualAccount
from connector.accounting.party import CustomerStatus
from connector.accounting.sale import SupplyKind
from connector.accounting.terms import BookingTerms
from connector.errors import Problem, TenantFileError
from connector.tenants import config, schema
from connector.tenants.mapping_rules import MAPPINGS
from connector.tenants.toml_file import TenantFile, read_tenant_file

EXAMPLE = Path(__file__).parents[3] / "config" / "tenant.example.toml"
ENVIRON = {
    "MUSTER_PIPEDRIVE_TOKEN": "t" * 40,
    "MUSTER_WEBHOOK_PASSWORD": "p" * 24,
    "MUSTER_WEBHOOK_KEY": "k" * 32,
}

_RATE = '{ currency = "USD", month = "2026-11", rate = 1.0852 }'

SMALLEST = """\
key = "muster"
name = "Muster GmbH"
go_live_at = 2027-01-01
[pipedrive]
auth = "oauth"
[receiver.basic]
user = "pipedrive"
password = { env = "MUSTER_WEBHOOK_PASSWORD" }
[datev]
consultant_number = 455148
client_number = 1
format = "extf"
[booking]
chart = "skr03"
[seller]
name = "Muster GmbH"
street = "Musterstraße 1"
postal_code = "90402"
city = "Nürnberg"
vat_id = "DE 136 695 976"
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "muster.toml"


def read(file: Path, text: str, **environ: str) -> TenantFile:
    file.write_text(text, encoding="utf-8")
    return read_tenant_file(file, {**ENVIRON, **environ})


def problems(file: Path, text: str) -> list[Problem]:
    with pytest.raises(TenantFileError) as caught:
        read(file, text)
    return list(caught.value.problems)


def only_problem(file: Path, text: str) -> Problem:
    (problem,) = problems(file, text)
    return problem


def with_line(section: str, line: str) -> str:
    """The smallest file with one line more (or another one) in a section; "" is the top."""
    key = line.partition("=")[0].strip()
    lines, current = [], ""
    for old in SMALLEST.splitlines():
        if old.startswith("["):
            current = old.strip("[]")
        if not (current == section and old.partition("=")[0].strip() == key):
            lines.append(old)
    if not section:
        return "\n".join([line, *lines])
    if f"[{section}]" not in lines:
        lines.append(f"[{section}]")
    lines.insert(lines.index(f"[{section}]") + 1, line)
    return "\n".join(lines)


# --- what is taken ---------------------------------------------------------------------------


def test_the_smallest_file_takes_the_defaults_of_the_configuration(file: Path) -> None:
    read_file = read(file, SMALLEST)

    expected = config.TenantConfig(
        key="muster",
        name="Muster GmbH",
        go_live_at=datetime(2026, 12, 31, 23, tzinfo=UTC),
        pipedrive=config.PipedriveConfig(config.PipedriveAuth.OAUTH, ""),
        receiver=config.ReceiverConfig("pipedrive", None),
        datev=config.DatevConfig(455148, 1, config.DatevFormat.EXTF),
        terms=BookingTerms("skr03", home_vat_id="DE136695976"),
        numbers=config.NumberConfig(),
        sale=config.SaleConfig(config.FieldMap()),
        debtors=config.DebtorConfig(),
        documents=config.DocumentConfig(),
        seller=config.SellerConfig(
            "Muster GmbH", "Musterstraße 1", "90402", "Nürnberg", vat_id="DE136695976"
        ),
        ignore=(),
        write_back=config.WriteBackConfig(),
        hours=config.Hours(),
    )
    assert expected == read_file.config
    assert read_file.secrets == {config.SecretName.RECEIVER_BASIC_PASSWORD: "p" * 24}
    assert read_file.source_text == SMALLEST
    assert read_file.document["datev"]["consultant_number"] == 455148


def test_the_example_file_is_correct_as_it_stands() -> None:
    read_file = read_tenant_file(EXAMPLE, ENVIRON)

    assert read_file.config.key == "muster"
    assert read_file.secrets[config.SecretName.PIPEDRIVE_API_TOKEN] == "t" * 40


def test_the_example_file_leaves_the_password_of_the_webhook_to_us() -> None:
    read_file = read_tenant_file(EXAMPLE, {"MUSTER_PIPEDRIVE_TOKEN": "t" * 40})

    assert read_file.config.receiver.basic_user == "pipedrive"
    assert config.SecretName.RECEIVER_BASIC_PASSWORD not in read_file.secrets


def test_the_example_file_is_correct_with_every_comment_taken_for_a_line(file: Path) -> None:
    """Each commented-out key of the example is a key, in its section, with a value that is allowed."""
    text = uncommented(EXAMPLE.read_text(encoding="utf-8"))
    choices = {
        'auth = "token"': 'auth = "token"',
        'source = "pattern"': 'source = "field"',
        'strategy = "next_free"': 'strategy = "collective"',
    }
    for old, new in choices.items():
        assert old in text
        text = text.replace(old, new)

    read_file = read(file, text)

    assert read_file.config.ignore == (config.IgnoreRule("internal deals", config.IgnoreBy.PIPELINE, ("3",)),)
    assert read_file.config.receiver.hmac == config.HmacConfig()
    assert set(read_file.secrets) == set(config.SecretName)


def test_the_example_file_shows_every_key() -> None:
    text = uncommented(EXAMPLE.read_text(encoding="utf-8"))
    shown = {line.partition(" = ")[0] for line in text.splitlines() if " = " in line}
    shown |= {line.strip("[]") for line in text.splitlines() if line.startswith("[[")}

    assert set(keys_of(schema.TenantSchema())) <= shown


def uncommented(text: str) -> str:
    """The text with ``# key = value`` and ``# [section]`` turned into lines that count."""
    lines = []
    for line in text.splitlines():
        body = line.removeprefix("# ")
        looks_like_toml = body.startswith("[") or body.partition(" = ")[0].replace("_", "a").isalnum()
        lines.append(body if looks_like_toml and (" = " in body or body.endswith("]")) else line)
    return "\n".join(lines)


def keys_of(section: Schema) -> Iterator[str]:
    for name, kind in section.fields.items():
        if isinstance(kind, schema.Section):
            yield from keys_of(kind.schema)
        else:
            yield name


@pytest.mark.parametrize(
    ("section", "dataclass", "apart"),
    [
        (schema.PipedriveSection, config.PipedriveConfig, {"api_token"}),
        (schema.HmacSection, config.HmacConfig, {"key"}),
        (schema.DatevSection, config.DatevConfig, set()),
        (schema.BookingSection, BookingTerms, {"tax_keys"}),
        (schema.NumbersSection, config.NumberConfig, set()),
        (schema.ExchangeSection, ExchangeTerms, set()),
        (schema.ExchangeRateSection, TableRate, set()),
        (schema.FieldsSection, config.FieldMap, set()),
        (schema.SaleSection, config.SaleConfig, set(MAPPINGS) - {"revenue_accounts"}),
        (schema.ChartAccountSection, IndividualAccount, set()),
        (schema.DebtorsSection, config.DebtorConfig, set()),
        (schema.DocumentsSection, config.DocumentConfig, set()),
        (schema.SellerSection, config.SellerConfig, set()),
        (schema.IgnoreSection, config.IgnoreRule, set()),
        (schema.VatCheckSection, config.VatCheckConfig, set()),
        (schema.WriteBackSection, config.WriteBackConfig, set()),
        (schema.HoursSection, config.Hours, set()),
    ],
)
def test_a_section_has_a_key_for_each_field_of_its_dataclass(
    section: type[Schema], dataclass: type, apart: set[str]
) -> None:
    # Mappings of all keys are kept in one list.
    fields = {field.name for field in dataclasses.fields(dataclass)} - {"fields", "account_mappings"}

    assert fields == set(section().fields) - apart


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-01-01", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-07-01", datetime(2026, 6, 30, 22, tzinfo=UTC)),
        ("2027-01-01T08:00:00+01:00", datetime(2027, 1, 1, 7, tzinfo=UTC)),
        ("2027-01-01 08:00:00Z", datetime(2027, 1, 1, 8, tzinfo=UTC)),
    ],
)
def test_go_live_is_a_moment_and_a_bare_date_is_midnight_in_berlin(
    file: Path, written: str, moment: datetime
) -> None:
    assert moment == read(file, with_line("", f"go_live_at = {written}")).config.go_live_at


def test_every_kind_of_value_arrives_in_its_type(file: Path) -> None:
    text = with_line("booking", "value_tolerance = 0.10\naccount_length = 5") + (
        "\n[sale]\n"
        'supply_kind_labels = { "Ware" = "goods" }\n'
        'customer_status_labels = { "Privat" = "consumer" }\n'
        'revenue_accounts = { "A 1" = 8400 }\n'
        '[fields]\ncustomer_status = " Kundenart "\n'
        '[hours]\nstart = "07:30"\nend = 20:00:00\n'
        '[[ignore]]\nname = "USD"\nby = "currency"\nvalues = ["USD"]\n'
        '[[ignore]]\nname = "free"\nby = "value_zero"\n'
    )

    taken = read(file, text).config

    assert str(taken.terms.value_tolerance) == "0.10"
    assert taken.sale.supply_kind_labels == (("Ware", SupplyKind.GOODS),)
    assert taken.sale.customer_status_labels == (("Privat", CustomerStatus.CONSUMER),)
    assert taken.sale.revenue_accounts == (("A 1", 8400),)
    assert taken.sale.fields.customer_status == "Kundenart"
    assert taken.hours == config.Hours(time(7, 30), time(20))
    assert taken.debtors == config.DebtorConfig(
        first=100000, last=699999, creditor_first=700000, creditor_last=999999
    )
    assert [rule.by for rule in taken.ignore] == [config.IgnoreBy.CURRENCY, config.IgnoreBy.VALUE_ZERO]


def test_the_configuration_can_be_stored_and_read_again(file: Path) -> None:
    taken = read(file, SMALLEST).config

    assert taken == codec.from_plain(json.loads(json.dumps(codec.to_plain(taken))), config.TenantConfig)


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())

    assert read_tenant_file(file, ENVIRON).config.name == "Muster GmbH"


def test_a_given_tolerance_is_kept_exactly(file: Path) -> None:
    assert read(file, with_line("booking", "value_tolerance = 1")).config.terms.value_tolerance == Decimal(1)


# --- secrets ---------------------------------------------------------------------------------


def test_a_secret_can_come_from_a_file_beside_the_toml(file: Path) -> None:
    file.with_name("password").write_text("from the file\n")
    text = with_line("receiver.basic", 'password = { file = "password" }')

    assert read(file, text).secrets == {config.SecretName.RECEIVER_BASIC_PASSWORD: "from the file"}


def test_a_secret_in_the_toml_is_refused_and_not_repeated(file: Path) -> None:
    problem = only_problem(file, with_line("receiver.basic", 'password = "hunter2"'))

    assert problem.code == "secret_in_file"
    assert "written into the file itself" in problem.message
    assert 'password = { env = "MUSTER_WEBHOOK_PASSWORD" }' in problem.cure
    assert "hunter2" not in repr(problem)


def test_secrets_do_not_show_in_the_repr(file: Path) -> None:
    assert "p" * 24 not in repr(read(file, SMALLEST))


@pytest.mark.parametrize("value", ["", "  "])
def test_an_unset_variable_is_named(file: Path, value: str) -> None:
    with pytest.raises(TenantFileError) as caught:
        read(file, SMALLEST, MUSTER_WEBHOOK_PASSWORD=value)

    assert caught.value.problems == (
        Problem(
            "secret_missing",
            "receiver.basic.password is to come from the environment variable MUSTER_WEBHOOK_PASSWORD, "
            "which is not set.",
            "line 8, receiver.basic.password",
            "Set MUSTER_WEBHOOK_PASSWORD and run the command again.",
        ),
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory."),
        (b"", "which is empty."),
        (b"\xff", "cannot be read: it is no text."),
        (b"two\nlines", "has several lines"),
        (b"x" * 5000, "has several lines or more than 4096 characters"),
    ],
)
def test_a_secret_file_that_holds_no_secret_is_refused(file: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        file.with_name("password").write_bytes(content)

    problem = only_problem(file, with_line("receiver.basic", 'password = { file = "password" }'))

    assert said in problem.message


@pytest.mark.parametrize("source", ["{}", '{ env = "A", file = "b" }', '{ vault = "x" }', "{ env = 1 }", "7"])
def test_a_secret_has_exactly_one_source(file: Path, source: str) -> None:
    problem = only_problem(file, with_line("receiver.basic", f"password = {source}"))

    assert problem.code == "secret_source_invalid"


# --- what is refused -------------------------------------------------------------------------


def test_all_problems_are_told_at_once_in_the_order_of_the_file(file: Path) -> None:
    text = (
        SMALLEST.replace("455148", "99")
        .replace('format = "extf"', 'fromat = "extf"')
        .replace("skr03", "skr07")
        .replace('auth = "oauth"', 'auth = "token"')
    )

    found = problems(file, text + "[hours]\nstart = 7\n")

    assert [problem.field for problem in found] == [
        "line 4, pipedrive.api_token",
        "line 4, pipedrive.company_domain",
        "line 9, datev.format",
        "line 10, datev.consultant_number",
        "line 12, datev.fromat",
        "line 14, booking.chart",
        "line 22, hours.start",
    ]
    assert all(problem.cure for problem in found)
    assert all(problem.message.startswith(problem.field.partition(", ")[2]) for problem in found)


@pytest.mark.parametrize(
    ("section", "line", "cure"),
    [
        ("datev", "client_numer = 1", "Did you mean client_number?"),
        ("", "consultant_number = 1", "Move it to where it belongs: datev.consultant_number."),
        ("hours", "colour = 1", "Remove it, or use one of: start, end."),
        ("", "felds = {}", "Did you mean fields?"),
    ],
)
def test_an_unknown_key_is_refused_with_a_suggestion(file: Path, section: str, line: str, cure: str) -> None:
    problem = only_problem(file, with_line(section, line))

    assert (problem.code, problem.cure) == ("key_unknown", cure)


@pytest.mark.parametrize("section", ["pipedrive", "receiver", "datev", "booking", "seller"])
def test_a_missing_section_is_named(file: Path, section: str) -> None:
    blocks = SMALLEST.replace("\n[", "\n\0[").split("\0")
    text = "".join(block for block in blocks if not block.startswith(f"[{section}"))

    problem = only_problem(file, text)

    assert problem.field == f"line 1, {section}"
    assert f"[{section}" in problem.cure


@pytest.mark.parametrize(
    ("section", "line", "said"),
    [
        ("", 'key = "Muster"', "key is 'Muster'; it must be 1 to 40 lower-case letters"),
        ("", 'key = "muster_gmbh"', "key is 'muster_gmbh'; it must be"),
        ("", 'name = " "', "name is empty."),
        ("", "name = 7", "name is 7; it must be a text in quotes."),
        ("", 'name = "a\\nb"', "name holds a line break"),
        ("", f'name = "{"n" * 101}"', "name has 101 characters; at most 100 fit."),
        ("", "go_live_at = 2027-01-01T08:00:00", "without a time zone"),
        ("", 'go_live_at = "2027-01-01"', "go_live_at is the text '2027-01-01'; it must be a date"),
        ("", "hours = 7", "hours must be a table."),
        ("", "ignore = 7", "ignore must be a section of its own."),
        ("pipedrive", 'auth = "password"', "pipedrive.auth is the text 'password', which is not a choice."),
        ("pipedrive", 'company_domain = "https://muster.pipedrive.com"', "must be only the first part of"),
        ("pipedrive", 'webhook_version = "3.0"', "is not a choice"),
        ("pipedrive", 'api_token = { env = "MUSTER_PIPEDRIVE_TOKEN" }', 'has no effect with auth = "oauth"'),
        ("receiver.basic", 'user = "a:b"', "must be ASCII without : and blanks"),
        (
            "receiver.hmac",
            'header = "X Sig"\nkey = { env = "MUSTER_WEBHOOK_KEY" }',
            "the name of an HTTP header",
        ),
        ("receiver.hmac", 'encoding = "hex"', "receiver.hmac.key is missing."),
        ("receiver.hmac", 'encoding = "b64"\nkey = { env = "MUSTER_WEBHOOK_KEY" }', "is not a choice"),
        ("datev", "consultant_number = 1000", "is 1000; it must be between 1001 and 9999999."),
        ("datev", "consultant_number = 10000000", "is 10000000; it must be between"),
        ("datev", 'consultant_number = "1001"', "is the text '1001'; it must be a whole number"),
        ("datev", "consultant_number = true", "is true; it must be a whole number"),
        ("datev", "client_number = 0", "is 0; it must be between 1 and 99999."),
        ("datev", "client_number = 100000", "is 100000; it must be between 1 and 99999."),
        ("datev", 'format = "csv"', "datev.format is the text 'csv', which is not a choice."),
        ("datev", "format = []", "datev.format is a list, which is not a choice."),
        ("datev", "fiscal_year_start_month = 13", "between 1 and 12"),
        ("datev", "fiscal_year_start_month = 4\nfiscal_year_start_day = 31", "month 4 does not have"),
        ("datev", "fiscal_year_start_month = 2\nfiscal_year_start_day = 29", "month 2 does not have"),
        ("datev", 'origin = "R"', "must be 2 capitals or digits"),
        ("datev", 'origin = ""', "datev.origin is empty."),
        ("datev", 'dictation_mark = "ml"', "must be 2 capitals A-Z"),
        ("datev", "posting_batch_version = 11", "is 11; it must be between 12 and 13."),
        ("datev", 'posting_batch_label = "a;b"', "letters, digits, blanks"),
        ("datev", f'posting_batch_label = "{"x" * 31}"', "has 31 characters; at most 30 fit."),
        ("datev", "finalise = 1", "is 1; it must be true or false"),
        ("booking", 'chart = "SKR03"', "booking.chart is the text 'SKR03', which is not a choice."),
        ("booking", "account_length = 3", "between 4 and 8"),
        ("booking", "account_length = 9", "between 4 and 8"),
        ("booking", 'home_country = "AT"', "is not a choice"),
        ("booking", 'home_vat_id = "DE136695977"', "is not a valid German VAT id"),
        ("booking", 'home_vat_id = "DE811569869"', "is DE811569869, but seller.vat_id is DE 136 695 976."),
        ("booking", "value_tolerance = -0.01", "is -0.01; it must be between 0 and 100."),
        ("booking", "value_tolerance = nan", "it must be between 0 and 100."),
        ("booking", 'value_tolerance = "0.05"', "is the text '0.05'; it must be a number"),
        ("booking", "payment_days = -1", "between 0 and 999"),
        ("booking", 'posting_text = "{customer}"', "{customer} is not known"),
        ("booking", 'posting_text = "{title.x}"', "{title.x} is not known"),
        ("booking", 'posting_text = "{title"', "cannot be filled"),
        ("numbers", 'source = "field"', 'numbers.field is missing, but source = "field" needs it.'),
        ("numbers", 'source = "sequence"', "without {next} two deals would get the same number"),
        ("numbers", 'pattern = "RE{year}"', "without {deal_id} two deals would get the same number"),
        ("numbers", 'pattern = "RE{deal_id}-{next}"', '{next} has a value only with source = "sequence"'),
        ("numbers", 'pattern = "RE {deal_id}"', "does not take: blank"),
        ("numbers", 'pattern = "RE_{deal_id}"', "does not take: _"),
        ("numbers", f'pattern = "{"R" * 27}{{deal_id}}"', "has 37 characters"),
        ("numbers", 'pattern = "{deal}"', "cannot be filled"),
        ("numbers", 'pattern = "{deal_id"', "cannot be filled"),
        (
            "numbers",
            'source = "field"\nfield = "Nr"\nrequired = false\npattern = "RE{year}"',
            "without {deal_id} two deals would get the same number",
        ),
        ("numbers", 'unsafe_characters = "drop"', "numbers.unsafe_characters is the text 'drop'"),
        ("booking", 'negative_total_means = "invoice"', "is not a choice"),
        ("booking", 'negative_total_means = "credit_note"', "fields.corrects_document is missing"),
        ("booking", "document_date_within_days = 0", "between 1 and 3660"),
        ("booking", "part_date_within_days = 3661", "between 1 and 3660"),
        ("exchange", 'source = "table"', 'exchange.rates is missing, but source = "table" needs it.'),
        ("exchange", f"rates = [{_RATE}]", 'exchange.rates has no effect with source = "field".'),
        ("exchange", "max_age_days = 0", "between 1 and 31"),
        *(
            ("exchange", f'source = "table"\nrates = [{wrong}]', said)
            for wrong, said in (
                (_RATE.replace("USD", "usd"), "currency is 'usd', which is no foreign currency of ISO 4217"),
                (_RATE.replace("USD", "EUR"), "is no foreign currency"),
                (_RATE.replace("1.0852", "0"), "rate is 0; it must be above 0, below 10000"),
                (_RATE.replace("1.0852", "10000"), "below 10000"),
                (_RATE.replace("1.0852", "1.08521234"), "at most 6 decimals"),
                (_RATE.replace("1.0852", '"1.0852"'), "it must be a number, without quotes"),
                (_RATE.replace("2026-11", "2026-13"), "must be a month in quotes"),
                (_RATE.replace("month", "valid_from"), "must be a date, without quotes"),
                (_RATE.replace('month = "2026-11", ', ""), "needs one of month and valid_from"),
                (
                    _RATE.replace("month", "valid_from = 2026-11-01, month"),
                    "needs one of month and valid_from",
                ),
                (f"{_RATE}, {_RATE}", "gives a rate a second time"),
            )
        ),
        (
            "sale",
            'supply_kind_labels = { "Ware" = "stuff" }',
            "sale.supply_kind_labels.Ware is the text 'stuff'",
        ),
        ("sale", 'supply_kind_labels = "goods"', "it must be a table"),
        ("sale", 'revenue_accounts = { "A 1" = 84 }', 'sale.revenue_accounts."A 1" is 84'),
        ("sale", 'revenue_accounts = { "A" = 84000 }', "a mapped account has 4 digits"),
        ("sale", 'customer_status_labels = { "F" = "business" }', "fields.customer_status is missing"),
        ("fields", 'customer_status = "Art"', "sale.customer_status_labels is missing"),
        ("debtors", 'strategy = "field"', 'fields.debtor_number is missing, but debtors.strategy = "field"'),
        ("debtors", 'strategy = "collective"', "debtors.collective_account is missing"),
        ("debtors", "first = 9999", "debtors.first is 9999, which is no debtor account with 4-digit"),
        ("debtors", "last = 70000", "those are 10000 to 69999"),
        ("debtors", "collective_account = 100000", "which is no debtor account"),
        (
            "debtors",
            'strategy = "list"\nwhen_not_listed = "guess"',
            "is the text 'guess', which is not a choice",
        ),
        ("debtors", "creditor_first = 10000", "which is no creditor account"),
        ("debtors", "creditor_first = 80000\ncreditor_last = 75000", "is 80000, above creditor_last = 75000"),
        ("debtors", 'creditor_labels = "Lieferant"', "it must be a list of texts"),
        ("fields", 'creditor_number = "Kreditor"', "debtors.creditor_labels is missing"),
        (
            "debtors",
            'strategy = "list"\nwhen_not_listed = "next_free"\ncollective_account = 10500',
            "is 10500, inside 10000 to 69999",
        ),
        ("debtors", "first = 20000\nlast = 19999", "is 20000, above last = 19999."),
        ("debtors", "collective_account = 10500", "is 10500, inside 10000 to 69999"),
        ("documents", 'file_pattern = "bills/*.pdf"', "a file name, without folders"),
        ("documents", f'document_type = "{"x" * 31}"', "has 31 characters; at most 30 fit."),
        ("seller", 'vat_id = ""', "seller has neither tax_number nor vat_id"),
        ("seller", 'vat_id = "DE136695970"', "is not a valid German VAT id"),
        ("seller", 'vat_id = "ATU13585627"', "is not a valid German VAT id"),
        ("seller", 'tax_number = "151/815/081"', "is not a valid German tax number"),
        ("seller", 'iban = "DE89370400440532013001"', "is not a valid IBAN"),
        ("seller", 'bic = "COBA"', "is not a valid BIC"),
        ("seller", 'email = "nobody"', "an e-mail address"),
        ("seller", 'postal_code = "9040"', "must be 5 digits"),
        ("write_back", 'note = "yes"', "is the text 'yes'; it must be true or false"),
        ("hours", 'start = "25:00"', "a time of day"),
        ("hours", 'start = "23:00"', "hours.start is 23:00, later than end = 22:00."),
    ],
)
def test_a_wrong_value_is_told_once_and_plainly(file: Path, section: str, line: str, said: str) -> None:
    problem = only_problem(file, with_line(section, line))

    assert said in problem.message
    assert problem.cure
    assert problem.field.startswith("line ")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('name = "a"\nby = "pipeline"', "must list ids of pipelines"),
        ('name = "a"\nby = "pipeline"\nvalues = ["Sales"]', "must list ids of pipelines"),
        ('name = "a"\nby = "label"\nvalues = [1.5]', "it must be a list of texts or whole numbers"),
        ('name = "a"\nby = "currency"\nvalues = ["usd"]', "currency codes of three capitals"),
        ('name = "a"\nby = "value_zero"\nvalues = [0]', "has no effect"),
        ('name = "a"\nby = "weather"', "ignore[1].by is the text 'weather', which is not a choice."),
        ('by = "value_zero"', "ignore[1].name is missing."),
        (
            'name = "a"\nby = "value_zero"\n[[ignore]]\nname = "a"\nby = "label"\nvalues = [1]',
            "ignore[2].name is 'a' a second time",
        ),
    ],
)
def test_an_ignore_rule_must_be_able_to_match(file: Path, rule: str, said: str) -> None:
    problem = only_problem(file, f"{SMALLEST}[[ignore]]\n{rule}\n")

    assert said in problem.message


@pytest.mark.parametrize(
    ("section", "lines"),
    [
        ("numbers", 'source = "seq"\npattern = "RE{next}"'),
        ("debtors", 'strategy = "one"\ncollective_account = 10500'),
        ("booking", "account_length = 55"),
        ("seller", 'vat_id = "DE1"'),
        ("hours", 'end = "5"\nstart = "23:00"'),
    ],
)
def test_nothing_is_concluded_from_a_value_that_is_wrong_itself(file: Path, section: str, lines: str) -> None:
    assert len(problems(file, with_line(section, lines))) == 1


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('key = "muster\nname = 1', "line 1, column 14"),
        ("key = 1\nname = \n", "line 2, column 8"),
        ("a = 1\na = 2\n", "line 2, column 6"),
        ("a = [1,\n", "line 2"),
    ],
)
def test_a_syntax_error_is_told_with_its_place(file: Path, text: str, place: str) -> None:
    problem = only_problem(file, text)

    assert problem.code == "toml_syntax"
    assert problem.field == place
    assert f"at {place}: " in problem.message
    assert "(at " not in problem.message


def test_a_file_that_is_not_utf8_is_told_with_the_line(file: Path) -> None:
    file.write_bytes(SMALLEST.encode("latin-1"))

    with pytest.raises(TenantFileError, match="Line 17 holds characters that are not UTF-8") as caught:
        read_tenant_file(file, ENVIRON)
    assert caught.value.field == "line 17"


def test_a_missing_file_is_named(file: Path) -> None:
    with pytest.raises(TenantFileError, match=r"muster\.toml cannot be read: No such file or directory"):
        read_tenant_file(file, ENVIRON)


def test_a_huge_file_is_not_read(file: Path) -> None:
    file.write_bytes(b"#" * 300_000)

    with pytest.raises(TenantFileError, match="too large"):
        read_tenant_file(file, ENVIRON)


def test_what_keys_lack_together_is_told_beside_what_is_wrong_with_single_ones(file: Path) -> None:
    text = (
        SMALLEST.replace('vat_id = "DE 136 695 976"', "phone = 3").replace('"skr03"', '"skr99"')
        + """\
[debtors]
strategy = "next_freee"
first = 69999
last = 10000
[[ignore]]
name = "a"
by = "pipeline"
values = ["abc"]
oops = 1
"""
    )

    found = {(problem.field.partition(", ")[2], problem.code) for problem in problems(file, text)}

    assert {
        ("booking.chart", "not_a_choice"),
        ("seller.phone", "wrong_type"),
        ("seller", "key_missing"),
        ("debtors.strategy", "not_a_choice"),
        ("debtors.first", "range_empty"),
        ("ignore[1].values", "values_invalid"),
        ("ignore[1].oops", "key_unknown"),
    } == found
