"""What a run's page shows of its code, and what can be done with the run there."""

import re
from zipfile import ZipFile

from playwright.sync_api import expect


def test_an_error_leads_to_the_line_of_one_s_own_code(filled, visit):
    """From a failed run one click leads to the line of the snapshot where it happened."""
    run = f"/runs/{filled.names['workspace']}/{filled.names['failed']}"
    tab = visit()
    page = tab.open(run)
    page.get_by_role("link", name=re.compile(r"^train\.py:\d+$")).last.click()
    tab.settle()
    assert page.url.partition("/code/")[2].startswith("train.py?line=")
    marked = page.locator(".text code .here")
    assert "raise ValueError" in marked.inner_text()


def test_code_is_held_against_another_run(filled, visit):
    """What differs is shown beside each other: arguments by name, files by lines."""
    run = f"/runs/{filled.names['workspace']}/{filled.names['failed']}"
    tab = visit()
    page = tab.open(f"{run}/code?against=success")
    page.get_by_role("rowheader", name="arguments").wait_for()
    page.get_by_text("The code is the same").wait_for()
    expect(page.get_by_role("rowheader", name="arguments")).to_have_count(1)


def test_code_is_held_against_its_commit(filled, visit):
    """What ran and was not committed is seen line by line, though the service has no repository."""
    run = f"/runs/{filled.names['workspace']}/{filled.names['run']}"
    tab = visit()
    page = tab.open(f"{run}/code")
    page.get_by_text("of main, changed since").wait_for()
    page.get_by_label("Compare with").select_option("its git commit")
    page.locator(".pair", has_text="range(30)").get_by_text("range(40)").wait_for()
    assert page.locator(".pair:not(.same)").count() == 1


def test_runs_that_read_other_data_are_told_apart(filled, visit):
    """Of two runs that are compared it is seen which data each read, by version and digest."""
    runs = f"{filled.names['run']},{filled.names['failed']}"
    page = visit(f"/compare/{filled.names['workspace']}?runs={runs}").page
    row = page.get_by_role("row", name="data code")
    expect(row).to_contain_text(re.compile(r"my code:1, sha256:[0-9a-f]{12}"))


def test_a_run_is_run_again_with_other_arguments(filled, visit):
    """The dialog submits the same code with what was typed, and leads to the new run."""
    workspace = filled.names["workspace"]
    run = f"/runs/{workspace}/{filled.names['run']}"
    tab = visit()
    page = tab.open(run)
    page.get_by_role("button", name="Run again").click()
    page.get_by_label("Arguments, one on each line").fill("0.5")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url(lambda url: f"/runs/{workspace}/" in url and not url.endswith(run))
    made = page.url.rpartition("/")[2]
    assert filled.client.runs.spec(made).arguments == ["0.5"]
    filled.client.runs.cancel(made)


def test_what_is_written_is_changed_where_it_stands(filled, visit):
    """What is typed is what the API tells from then on."""
    run = filled.names["failed"]
    tab = visit()
    page = tab.open(f"/runs/{filled.names['workspace']}/{run}")
    page.get_by_role("button", name="Add a description").click()
    page.get_by_label("Description").fill("a rate that was <b>too large</b>")
    page.keyboard.press("Control+Enter")
    page.get_by_text("a rate that was <b>too large</b>").wait_for()
    assert filled.client.runs.get(run).description == "a rate that was <b>too large</b>"
    experiment = filled.client.runs.get(run).experiment
    page = tab.open(f"/experiments/{filled.names['workspace']}/{experiment}")
    page.get_by_role("button", name="Add notes").click()
    page.get_by_label("Notes").fill("# Rates\nBegun with **small** ones.")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Rates", level=3).wait_for()
    assert filled.client.experiments.get(experiment).notes == "# Rates\nBegun with **small** ones."


def test_a_folder_of_files_is_downloaded_whole(filled, visit):
    """Who has no command line gets a run's outputs as one file."""
    run = filled.names["run"]
    page = visit(f"/runs/{filled.names['workspace']}/{run}/files?in=outputs/").page
    with page.expect_download() as kept:
        page.get_by_role("link", name="Download outputs as ZIP").click()
    assert kept.value.suggested_filename == f"{run}-outputs.zip"
    with ZipFile(kept.value.path()) as archive:
        assert archive.read("outputs/model.txt") == b"weights"
        assert len(archive.namelist()) == 4


def test_charts_stay_as_they_were_laid_out(filled, visit):
    """What one pins, leaves out and smooths, all see who look at runs of the experiment."""
    address = f"/runs/{filled.names['workspace']}/{filled.names['logged']}/metrics"
    page = visit(address).page
    page.get_by_role("button", name="Pin odd").click()
    page.get_by_role("button", name="How odd is drawn").click()
    page.get_by_role("combobox", name="Scale of odd").select_option("logarithmic")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Charts").click()
    page.get_by_role("button", name="Remove row").click()
    page.get_by_role("button", name="Keep for notebook").click()
    expect(page.get_by_text("All who look at notebook see the charts so.")).to_be_visible()
    (view,) = filled.client.views.list("charts")
    assert (view.name, view.layout["odd"].pinned, view.layout["odd"].log) == (
        "notebook",
        True,
        True,
    )
    # Another browser, which has nothing of its own.
    page = visit(address).page
    pinned = page.locator("section.group", has=page.get_by_role("heading", name="Pinned"))
    expect(pinned.get_by_role("heading", level=3)).to_have_text(["odd"])
    expect(page.get_by_role("heading", name="table", level=3)).to_be_visible()
    expect(page.get_by_role("heading", name="row", level=3)).to_have_count(0)
    filled.client.views.delete(view.id)


def test_pictures_of_runs_stand_beside_each_other(filled, visit):
    """What models draw is compared by the eye, step by step."""
    runs = f"{filled.names['run']},{filled.names['logged']}"
    page = visit(f"/compare/{filled.names['workspace']}?runs={runs}").page
    picture = page.get_by_role("img", name="image of notebook 4, step 0")
    expect(picture).to_be_visible()
    expect(picture).to_have_js_property("naturalWidth", 1)
