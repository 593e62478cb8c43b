"""A bookkeeper walks through the desk, in both languages, on a laptop and on a phone, without JavaScript."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from connector.store import journal, runs
from tests.browser.world import LOGIN, PASSWORD, POSTED, WAITING, World
from webapp.desk.texts import Texts


@pytest.fixture
def t(locale: str) -> Texts:
    """What the pages say in the browser's language."""
    return Texts(locale[:2])


def log_in(context: BrowserContext, world: World) -> Page:
    page = context.new_page()
    page.goto(f"{world.url}/desk/")
    page.locator("#login").fill(LOGIN)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url("**/desk/t/acme/")
    return page


def pages_of(world: World) -> list[str]:
    return [
        "/desk/t/acme/",
        "/desk/t/acme/deals",
        "/desk/t/acme/deals?q=nothing",
        "/desk/t/acme/deals/1",
        "/desk/t/acme/deals/2",
        "/desk/account",
    ]


def test_she_logs_in_finds_the_deal_that_waits_and_lets_it_go_on(
    context: BrowserContext, world: World, t: Texts
) -> None:
    page = log_in(context, world)
    expect(page.locator("h1")).to_have_text(t("overview.title"))
    page.get_by_role("link", name=t("overview.open_one")).click()
    expect(page.locator("h1")).to_have_text(WAITING)
    page.get_by_role("button", name=t("deal.retry")).click()

    expect(page.get_by_role("status")).to_have_text(t("deal.done_retried"))
    with world.services.database.transaction() as tx:
        last = journal.of_run(tx, 1)[-1]
    assert ("retried", f"Anna Muster ({LOGIN})") == (last.event, last.actor)


def test_she_ends_a_deal_with_a_reason(context: BrowserContext, world: World, t: Texts) -> None:
    page = log_in(context, world)
    page.goto(f"{world.url}/desk/t/acme/deals/1")
    page.get_by_label(t("deal.cancel_reason")).fill("Von Hand gebucht.")
    page.get_by_role("button", name=t("deal.cancel")).click()

    expect(page.get_by_role("status")).to_have_text(t("deal.done_cancelled"))
    expect(page.get_by_text("Von Hand gebucht.").first).to_be_visible()
    with world.services.database.transaction() as tx:
        run = runs.get(tx, 1)
    assert run is not None
    assert "cancelled" == run.state


def test_she_finds_a_deal_by_its_invoice(context: BrowserContext, world: World, t: Texts) -> None:
    page = log_in(context, world)
    page.get_by_role("link", name=t("page.deals"), exact=True).click()
    page.get_by_label(t("deals.search")).fill("re-2026-0001")
    page.get_by_role("button", name=t("deals.search_button")).click()

    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name=POSTED).click()
    expect(page.locator("h1")).to_have_text(POSTED)


def test_she_switches_the_language_and_it_stays(
    context: BrowserContext, world: World, t: Texts, locale: str
) -> None:
    other = Texts("en" if locale.startswith("de") else "de")
    page = log_in(context, world)
    page.get_by_role("button", name=t("page.switch")).click()

    expect(page.locator("h1")).to_have_text(other("overview.title"))
    page.goto(f"{world.url}/desk/t/acme/deals")
    assert other.language == page.locator("html").get_attribute("lang")


def test_logging_out_closes_the_pages_and_a_wrong_password_is_told(
    context: BrowserContext, world: World, t: Texts
) -> None:
    page = log_in(context, world)
    page.get_by_role("button", name=t("page.log_out")).click()
    expect(page.get_by_role("status")).to_have_text(t("login.ended"))
    page.goto(f"{world.url}/desk/t/acme/")
    page.locator("#login").fill(LOGIN)
    page.locator("#password").fill("not the password")
    page.locator("main button").click()

    expect(page.get_by_role("alert")).to_contain_text(t("login.wrong"))
    expect(page.locator("#login")).to_have_value(LOGIN)
    page.locator("#password").fill(PASSWORD)
    page.locator("main button").click()
    page.wait_for_url("**/desk/t/acme/")


def test_the_keyboard_alone_is_enough(context: BrowserContext, world: World, t: Texts) -> None:
    page = context.new_page()
    page.goto(f"{world.url}/desk/login")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text(t("page.skip"))
    page.locator("#login").focus()
    page.keyboard.type(LOGIN)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")

    page.wait_for_url("**/desk/t/acme/")


def test_no_page_is_wider_than_its_window(context: BrowserContext, world: World) -> None:
    page = log_in(context, world)
    wide = {}
    for path in pages_of(world):
        page.goto(world.url + path)
        width = page.locator("html").evaluate("element => element.scrollWidth")
        assert page.viewport_size is not None
        if width > page.viewport_size["width"]:
            wide[path] = width

    assert {} == wide


def test_axe_finds_no_violation_of_wcag(chromium: Browser, world: World, locale: str) -> None:
    wide = {"width": 1280, "height": 900} if locale == "de-DE" else {"width": 360, "height": 740}
    # axe is JavaScript; everywhere else the pages do without.
    context = chromium.new_context(viewport=wide, locale=locale)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{world.url}/desk/login")
    found = {"/desk/login": violations(page)}
    page.close()
    page = log_in(context, world)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for path in pages_of(world):
            page.goto(world.url + path)
            found[f"{path} {scheme}"] = violations(page)
    context.close()

    assert {} == {path: wrong for path, wrong in found.items() if wrong}


def test_axe_would_notice_a_field_without_a_label(context: BrowserContext) -> None:
    page = context.browser.new_page() if context.browser else context.new_page()
    page.set_content("<html><body><input name='q'><p style='color: #ccc'>pale</p></body></html>")
    found = {one.partition(":")[0] for one in violations(page)}
    page.close()

    assert {"label", "color-contrast", "html-has-lang", "document-title"} <= found


def violations(page: Page) -> list[str]:
    """What axe says against the page, by WCAG 2.2 AA and its own good practice."""
    told = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}" for one in told for node in one["nodes"]
    ]


def test_nothing_that_the_browser_refuses_is_on_a_page(context: BrowserContext, world: World) -> None:
    said: list[str] = []
    page = log_in(context, world)
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    for path in pages_of(world):
        page.goto(world.url + path)

    assert [] == [text for text in said if "favicon" not in text and "404" not in text]
