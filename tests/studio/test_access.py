"""Everybody can use the pages: by keyboard alone, by a screen reader, in light and in dark."""

import pytest

GRAVE = ("serious", "critical")
CHECK = """
async (rules) => {
  const found = await axe.run(document, rules.length ? { runOnly: rules } : {});
  return found.violations.map(({ id, impact, nodes: [first] }) => [
    id, impact, first.html, first.failureSummary,
  ]);
}
"""


def faults(page, *rules: str) -> list[str]:
    """What axe finds in a page that keeps people out."""
    found = page.evaluate(CHECK, list(rules))
    return [f"{name}: {html[:200]} {why}" for name, grave, html, why in found if grave in GRAVE]


@pytest.mark.slow(seconds=40)
def test_no_page_keeps_anybody_out(filled, visit, pages, axe):
    """Names, roles, order and contrast of every page, in light and in dark, as axe finds them."""
    # Axe is a script from outside, which the pages' own policy would not let in.
    tab = visit(bypass_csp=True)
    tab.page.context.add_init_script(path=axe)
    wrong = []
    for address in pages.addresses(filled.names):
        page = tab.open(address)
        wrong += [f"{address}: {fault}" for fault in faults(page)]
        page.emulate_media(color_scheme="dark")
        wrong += [f"{address}, dark: {fault}" for fault in faults(page, "color-contrast")]
        page.emulate_media(color_scheme="light")
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
    page.get_by_role("row").nth(1).wait_for()
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


def test_a_page_fits_a_phone(filled, visit, pages):
    """Nothing is wider than the window; the navigation opens by a button."""
    tab = visit(viewport={"width": 390, "height": 844})
    wide = []
    for address in pages.addresses(filled.names, few=True):
        page = tab.open(address)
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            wide.append(address)
    assert wide == []
    page.get_by_role("button", name="Menu").click()
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Runs").click()
    page.wait_for_url("**/runs/**")
