"""Every page opens by a click (by its address: test_access.py)."""

from playwright.sync_api import expect

PARTS = "Parts of this page"


def test_every_page_of_the_navigation_opens_by_a_click(filled, visit, pages):
    """Clicking through shows what the addresses show, without loading the page anew."""
    tab = visit()
    page = tab.page
    page.evaluate("window.kept = true")
    for name, address in pages.navigation(filled.names["workspace"]):
        page.get_by_role("navigation", name="Pages").get_by_role("link", name=name).click()
        page.wait_for_url("**" + address)
        tab.settle()
        expect(page.locator("main h1")).to_have_count(1)
    assert page.evaluate("window.kept")


def test_a_table_s_row_and_a_run_s_tabs_open_by_a_click(filled, visit):
    """From the list to a run, and through all that it has; back leads back."""
    tab = visit(f"/runs/{filled.names['workspace']}")
    page = tab.page
    page.get_by_role("row").nth(1).get_by_role("link").first.click()
    tab.settle()
    names = page.get_by_role("navigation", name=PARTS).get_by_role("link").all_inner_texts()
    for name in names[1:]:
        page.get_by_role("navigation", name=PARTS).get_by_role("link", name=name).click()
        tab.settle()
        assert page.locator(".failure").count() == 0
    for _ in names[1:]:
        page.go_back()
    tab.settle()
    page.go_back()
    page.wait_for_url(f"**/runs/{filled.names['workspace']}*")
    # A log that has nothing yet has no last bytes either, and the browser tells of each 416.
    tab.forgive("status of 416")


def test_an_address_that_is_none_says_so(filled, visit):
    """A mistyped address says what there is not, and leads on."""
    tab = visit(f"/runs/default/{filled.names['run']}/nothing")
    expect(tab.page.locator(".failure")).to_have_count(1)
