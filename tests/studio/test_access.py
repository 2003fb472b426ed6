"""Everybody can use the pages: by keyboard alone, by a screen reader, in light and in dark."""

import os

import pytest

LONG = bool(os.environ.get("STUDIO_LONG"))
# A table and its charts, code with its colours, and a page that is empty.
DARK = ("/metrics", "code/train.py", "/children")
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
FITS = "innerWidth === 390 && document.documentElement.scrollWidth <= innerWidth"
GRAVE = ("serious", "critical")
CHECK = """
async (rules) => {
  // What a page does right is counted, and not described: half of the time.
  const little = { resultTypes: ["violations"], selectors: false };
  const found = await axe.run(document, rules.length ? { ...little, runOnly: rules } : little);
  return found.violations.map(({ id, impact, nodes: [first] }) => [
    id, impact, first.html, first.failureSummary,
  ]);
}
"""


def faults(page, *rules: str) -> list[str]:
    """What axe finds in a page that keeps people out."""
    found = page.evaluate(CHECK, list(rules))
    return [f"{name}: {html[:200]} {why}" for name, grave, html, why in found if grave in GRAVE]


def fits(page) -> bool:
    """Whether nothing is wider than a phone; charts may need a moment to follow the window."""
    # The pages' policy forbids what Playwright's own waiting for a function does.
    for _ in range(200):
        if page.evaluate(FITS):
            return True
        page.wait_for_timeout(50)
    return False


@pytest.mark.slow(seconds=30)
def test_every_page_opens_for_everybody(filled, visit, pages, axe):
    """By its address: a heading, a title, no error; names, roles, contrast; no wider than a phone.

    `make soak` looks at each page in dark too, and with everything that it can show.
    """
    tab = visit()
    # Playwright puts it in past the pages' own policy, which stays in force for all else.
    tab.page.context.add_init_script(path=axe)
    wrong = []
    for address in pages.addresses(filled.names, few=not LONG):
        page = tab.open(address)
        told = [f"a failure: {said}" for said in page.locator(".failure").all_inner_texts()]
        if page.locator("main h1").count() != 1:
            told.append("not one heading")
        if address != "/" and page.title() in ("", "Runyard"):
            told.append("no title of its own")
        told += faults(page)
        if LONG or address.endswith(DARK):
            page.emulate_media(color_scheme="dark")
            told += [f"dark: {fault}" for fault in faults(page, "color-contrast")]
            page.emulate_media(color_scheme="light")
        page.set_viewport_size(PHONE)
        if not fits(page):
            told.append("wider than a phone")
        page.set_viewport_size(DESK)
        wrong += [f"{address}: {one}" for one in told + tab.faults]
        tab.faults.clear()
    assert wrong == []


def test_all_is_reached_without_a_mouse(filled, visit):
    """From the first page to a run's logs: the palette, the list's keys, the tab's link."""
    tab = visit()
    page = tab.page
    page.keyboard.press("Tab")
    assert page.locator(":focus").inner_text() == "To the content"
    page.keyboard.press("Control+k")
    page.get_by_role("dialog").wait_for()
    page.keyboard.type("Runs")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/**")
    tab.settle()
    row = page.get_by_role("row").nth(1)
    row.wait_for()
    for height in (28, 36):
        page.keyboard.press("Control+k")
        page.keyboard.type("Dense or roomy")
        page.keyboard.press("Enter")
        page.wait_for_function(
            "(wanted) => document.querySelector('.rows .row').clientHeight === wanted", arg=height
        )
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: url.split("?")[0].count("/") == 5)
    tab.settle()
    link = page.get_by_role("link", name="Logs", exact=True)
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("(link) => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/logs")


def test_a_phone_s_navigation_opens_by_a_button(filled, visit):
    """The first page fits as it is loaded; the navigation opens, and leads on."""
    page = visit(viewport=PHONE).page
    assert fits(page)
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Runs").click()
    page.wait_for_url("**/runs/**")
