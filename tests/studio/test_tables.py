"""What tables, files and logs do on every page alike: order, export, preview, upload."""

import csv
import json
from pathlib import Path

from playwright.sync_api import expect

from runyard.protocol.runs import StartRun

RECORDED = Path(__file__).parents[1] / "light" / "event_files"
# Files are sent in parts of 8 MiB.
PART = 8 << 20


def test_a_table_is_ordered_and_taken_along(filled, visit):
    """Any table orders its rows by a click, and gives them as CSV as shown, as JSON whole."""
    page = visit(f"/sweeps/{filled.names['workspace']}/{filled.names['sweep']}").page
    page.get_by_role("button", name="Trial", exact=True).click()
    head = page.get_by_role("columnheader", name="Trial")
    expect(head).to_have_attribute("aria-sort", "descending")
    export = page.get_by_role("group", name="Export Trials")
    with page.expect_download() as kept:
        export.get_by_role("button", name="CSV").click()
    rows = list(csv.DictReader(Path(kept.value.path()).read_text().splitlines()))
    assert [int(row["Trial"]) for row in rows] == list(range(11, -1, -1))
    trials = {one.number: one for one in filled.client.sweeps.trials(filled.names["sweep"])}
    for row in rows:
        trial = trials[int(row["Trial"])]
        assert float(row["params.rate"]) == trial.params["rate"]
        assert float(row["value"]) == trial.values[0]
    with page.expect_download() as kept:
        export.get_by_role("button", name="JSON lines").click()
    lines = Path(kept.value.path()).read_text().splitlines()
    assert {json.loads(line)["number"] for line in lines} == set(trials)


def test_runs_below_a_run_are_a_table_and_leave_as_parquet(filled, visit):
    """Folds are searched and ordered as all runs are, and the service writes the file."""
    page = visit(f"/runs/{filled.names['workspace']}/{filled.names['folds']}/children").page
    expect(page.get_by_role("checkbox", name="Select")).to_have_count(3)
    page.get_by_role("combobox", name="Filter").fill("params.part = 'a'")
    expect(page.get_by_role("checkbox", name="Select")).to_have_count(2)
    page.get_by_role("button", name="Take").click()
    with page.expect_download() as kept:
        page.get_by_role("link", name="Export as Parquet").click()
    data = Path(kept.value.path()).read_bytes()
    assert (data[:4], data[-4:]) == (b"PAR1", b"PAR1")
    assert b"duration" in data


def test_two_logs_stand_beside_each_other(filled, visit):
    """Why one rank waits is often in another's log; the link to both is one address."""
    gang = f"/runs/{filled.names['workspace']}/{filled.names['gang']}/logs"
    tab = visit(gang)
    page = tab.page
    choice = page.get_by_role("combobox", name="Beside it")
    other = choice.locator("option").nth(1).inner_text()
    choice.select_option(other)
    expect(page.locator(".log")).to_have_count(2)
    expect(page.get_by_role("region", name=other).locator(".lines")).to_contain_text("green")
    page.reload()
    expect(page.locator(".log")).to_have_count(2)


def test_event_files_are_shown_as_charts(filled, visit):
    """What TensorBoard would draw of a file is seen without starting one."""
    store, tab = filled.names["datastore"], visit()
    for writer in ("tf1", "tf2"):
        name = f"{writer}/events.out.tfevents.0.host"
        data = (RECORDED / name).read_bytes()
        filled.client.datastores.write(store, name, data, len(data))
        page = tab.open(f"/datastores/{filled.names['workspace']}/{store}/{name}")
        # Histograms and pictures are in it as well.
        expect(page.locator("figure.chart h3")).to_have_text(["loss"])
        page.get_by_role("button", name="Table").click()
        values = page.locator(".twin tbody td:nth-child(3)")
        expect(values).to_have_text(["1", "0.5", "0.33333"])


def test_an_upload_goes_on_where_the_line_broke(filled, visit, tmp_path):
    """Of a large file only what has not come is sent again, and it is whole in the end."""
    data = bytes(range(256)) * ((PART + PART // 4) // 256)
    (tmp_path / "big.bin").write_bytes(data)
    store = filled.names["datastore"]
    tab = visit(f"/datastores/{filled.names['workspace']}/{store}")
    page = tab.page
    second = f"**/files/big.bin?*offset={PART}*"
    page.route(second, lambda route: route.abort())
    page.get_by_label("Files to upload").set_input_files(tmp_path / "big.bin")
    page.get_by_role("button", name="Go on").wait_for()
    page.unroute(second)
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("link", name="big.bin").wait_for()
    with filled.client.datastores.open(store, "big.bin") as kept:
        assert kept.read() == data
    tab.forgive("ERR_FAILED")


def test_brackets_go_through_the_list_that_one_came_from(filled, visit):
    """From one run to the next of a search, without going back to the table each time."""
    tab = visit(f"/runs/{filled.names['workspace']}?q=metrics.loss+<+5")
    page = tab.page
    rows = page.get_by_role("row").filter(has=page.get_by_role("checkbox"))
    first, second = (rows.nth(place).get_by_role("link").get_attribute("href") for place in (0, 1))
    rows.first.get_by_role("link").click()
    tab.settle()
    page.keyboard.press("]")
    page.wait_for_url("**" + second)
    tab.settle()
    shown = page.get_by_role("heading", level=1).inner_text()
    page.keyboard.press("[")
    page.wait_for_url("**" + first)
    expect(page.get_by_role("heading", level=1)).not_to_have_text(shown)
    assert first != second


def test_home_tells_how_full_the_disk_is(filled, visit):
    """Nobody wants to learn from a failed run that there was no room left."""
    page = visit().page
    expect(page.get_by_text(" free of ")).to_be_visible()
    expect(page.get_by_role("progressbar", name="Used of the disk")).to_be_visible()


def test_home_tells_how_far_a_run_is_and_what_failed_since_one_looked(filled, visit):
    """Steps of as many as a parameter says; what one has seen is gone in other browsers too."""
    client = filled.client
    bad = client.runs.start(StartRun("going-on")).id
    client.runs.fail(bad, "the disk is full")
    going = client.runs.start(StartRun("going-on")).id
    client.parameters.log(going, {"max_epochs": "40"})
    lines = ({"n": "loss", "k": "scalar", "v": 1 / n, "s": n, "t": n * 10**6} for n in (1, 2, 3))
    client.metrics.append(going, "1-aa", "".join(json.dumps(o) + "\n" for o in lines).encode(), 0)
    try:
        page = visit().page
        expect(page.locator(".running li", has_text="step 3 of 40")).to_be_visible()
        card = page.locator(".card").filter(has=page.get_by_role("heading", name="Failed"))
        expect(card).to_contain_text("the disk is full")
        card.get_by_role("button", name="Seen").click()
        expect(card).not_to_contain_text("the disk is full")
        other = visit().page
        shown = other.get_by_role("heading", name="Failed since you last looked")
        expect(shown).to_be_visible()
        expect(other.get_by_text("the disk is full")).to_have_count(0)
    finally:
        client.runs.complete(going)
        for run in (bad, going):
            client.trash.free(client.trash.add("run", run).id)
