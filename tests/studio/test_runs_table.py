"""The table of runs in a browser: what is typed is completed, and what was chosen stays."""

from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import expect

from runyard.protocol.runs import StartRun
from runyard_server.testing.yard import until


def test_a_filter_is_completed_and_its_fault_is_underlined(filled, visit):
    """Nobody has to know the names of metrics by heart, or to guess what of a filter is wrong."""
    tab = visit(f"/runs/{filled.names['workspace']}")
    box = tab.page.get_by_role("combobox", name="Filter")
    box.click()
    box.press_sequentially("metrics.lo")
    expect(tab.page.get_by_role("option", name="metrics.loss")).to_be_visible()
    box.press("Tab")
    expect(box).to_have_value("metrics.loss ")
    box.fill("metrics.loss < 5 and nothing = 1")
    expect(tab.page.locator("mark")).to_have_text("nothing")
    expect(tab.page.locator("#fault")).to_contain_text("no attribute 'nothing'")
    box.fill("metrics.loss < 5")
    expect(tab.page.locator("mark")).to_have_count(0)
    expect(tab.page.get_by_role("row").nth(1)).to_be_visible()
    tab.forgive("400")


def test_a_view_is_saved_and_a_link_opens_it(filled, visit):
    """What a colleague saved is one link: filter, order and columns."""
    workspace = filled.names["workspace"]
    address = (
        f"/runs/{workspace}?q=metrics.loss+<+5&order=metrics.loss+desc&cols=status,metrics.loss"
    )
    tab = visit(address)
    page = tab.page
    page.get_by_role("button", name="Views").click()
    page.get_by_role("textbox", name="Save what is shown as").fill("good losses")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("button", name="View: good losses")).to_be_visible()
    (view,) = filled.client.views.list("runs")
    assert (view.filter, view.order_by) == ("metrics.loss < 5", ["metrics.loss desc"])
    assert view.columns == ["status", "metrics.loss"]
    tab.open(f"/runs/{workspace}?view=good+losses")
    box = page.get_by_role("combobox", name="Filter")
    expect(box).to_have_value("metrics.loss < 5")
    heads = page.get_by_role("columnheader")
    expect(heads).to_have_text(["", "Run", "Status", "loss↓"])
    page.get_by_role("button", name="View: good losses").click()
    page.get_by_role("button", name="Star the view good losses").click()
    star = page.get_by_role("button", name="Star the view good losses", pressed=True)
    expect(star).to_be_visible()
    tab.open("/")
    mine = page.get_by_role("heading", name="My starred views").locator("../..")
    expect(mine.get_by_role("link", name="good losses")).to_be_visible()
    filled.client.views.delete(view.id)
    assert filled.client.stars.list() == []


def test_a_run_with_a_star_stands_first(filled, visit):
    """The key s keeps the run that one is at in sight, whatever the table is ordered by."""
    workspace = filled.names["workspace"]
    tab = visit(f"/runs/{workspace}?q=metrics.loss+<+5&order=metrics.loss+desc")
    page = tab.page
    rows = page.get_by_role("row")
    last = rows.last.get_by_role("link").get_attribute("href")
    for _ in range(rows.count() - 1):
        page.keyboard.press("j")
    page.keyboard.press("s")
    expect(rows.nth(1).get_by_role("link")).to_have_attribute("href", last)
    expect(rows.nth(1).get_by_role("button", name="Star the run", pressed=True)).to_be_visible()
    until(lambda: len(filled.client.stars.list("run")) == 1)
    (star,) = filled.client.stars.list("run")
    assert last == f"/runs/{workspace}/{star.name}"
    page.keyboard.press("s")
    expect(rows.last.get_by_role("link")).to_have_attribute("href", last)
    tab.open(last)
    page.keyboard.press("s")
    expect(page.get_by_role("button", name="Star this run", pressed=True)).to_be_visible()
    filled.client.stars.remove("run", star.name)


def test_runs_are_archived_and_come_back(filled, visit):
    """What is out of the way is one click from being back, and shown where it is asked for."""
    runs = filled.client.runs
    run = runs.start(StartRun("shelved", name="to shelve")).id
    runs.complete(run)
    tab = visit(f"/runs/{filled.names['workspace']}?q=experiment+%3D+'shelved'")
    page = tab.page
    page.get_by_role("checkbox", name="Select").check()
    page.get_by_role("button", name="Archive 1").click()
    expect(page.get_by_text("No run fits the filter")).to_be_visible()
    assert runs.get(run).archived
    page.get_by_role("checkbox", name="Archived").check()
    page.get_by_role("link", name="to shelve").click()
    page.get_by_role("button", name="Unarchive").click()
    expect(page.get_by_role("status").filter(has_text="The run is in lists again.")).to_be_visible()
    expect(page.get_by_role("button", name="Archive", exact=True)).to_be_visible()
    assert not runs.get(run).archived


def test_selected_runs_are_compared(filled, visit):
    """Two boxes and the letter c lead to the comparison of these two."""
    tab = visit(f"/runs/{filled.names['workspace']}?q=metrics.loss+<+5")
    page = tab.page
    boxes = page.get_by_role("checkbox", name="Select")
    boxes.nth(0).check()
    boxes.nth(1).check()
    expect(page.get_by_role("toolbar", name="Selected runs")).to_contain_text("2 runs selected")
    page.keyboard.press("c")
    page.wait_for_url("**/compare/**")
    assert len(parse_qs(urlsplit(page.url).query)["runs"][0].split(",")) == 2


def test_old_links_of_experiments_lead_on(filled, visit):
    """A link that was printed before there was a studio opens the experiment's runs."""
    name, workspace = filled.names["experiment"], filled.names["workspace"]
    tab = visit(f"/workspaces/{workspace}/experiments/{name}")
    tab.page.wait_for_url(f"**/experiments/{workspace}/{name}*")
    expect(tab.page.get_by_role("heading", name=name)).to_be_visible()
    expect(tab.page.get_by_role("row").nth(1)).to_be_visible()


def test_the_day_of_a_workspace_s_packages_is_set_among_the_settings(filled, visit):
    """What is no day is refused where it was typed; what is one is shown, and taken back."""
    tab = visit("/settings")
    page = tab.page

    def typed(day):
        page.get_by_role("button", name="Change the day").click()
        page.get_by_label("Day; none is that of the service").fill(day)
        page.get_by_role("button", name="Set it").click()

    typed("2019")
    expect(page.get_by_role("alert")).to_contain_text("which is no day")
    # The refusal is what a browser calls a fault.
    tab.faults.clear()
    page.get_by_role("button", name="Leave it").click()
    typed("2019-08-01")
    expect(page.get_by_role("definition").first).to_have_text("2019-08-01")
    typed("")
    expect(page.get_by_role("definition").first).to_have_text("what the service's settings say")


def test_what_is_pasted_is_opened(filled, visit):
    """An id from a chat or a terminal needs no search: pasted anywhere it opens what it names."""
    workspace, run = filled.names["workspace"], filled.names["run"]
    tab = visit("/settings")
    page = tab.page

    def paste(text):
        page.evaluate(
            """text => {
                const clipboardData = new DataTransfer();
                clipboardData.setData("text", text);
                const event = new ClipboardEvent("paste", { clipboardData, bubbles: true });
                document.body.dispatchEvent(event);
            }""",
            text,
        )

    for text, address in (
        (run, f"/runs/{workspace}/{run}"),
        ("tf-mnist/1", f"/runs/{workspace}/{run}"),
        (f"{filled.names['model']}:2", f"/models/{workspace}/{filled.names['model']}/2"),
        ("folds", f"/experiments/{workspace}/folds"),
        (f"{tab.origin}/storage", "/storage"),
    ):
        page.goto(f"{tab.origin}/settings")
        expect(page.get_by_role("heading", name="Settings")).to_be_visible()
        paste(text)
        page.wait_for_url(f"**{address}")
    paste("nowhere-1")
    expect(page.get_by_text("is called nowhere-1")).to_be_visible()
    paste("tf-mnist_")
    expect(page.get_by_role("dialog", name="Find anything")).to_be_visible()
    expect(page.get_by_role("option").first).to_contain_text("tf-mnist_")
