"""A run that is watched: what is shown is what the API says, from its beginning to its end."""

import pytest
from playwright.sync_api import expect

STATUSES = ["Starting", "Preparing", "Queued", "Running", "Finalizing", "Completed", "Failed"]
HELD = """
import os, time

while not os.path.exists({go!r}):
    time.sleep(0.02)
"""
GOOD = """
import time
from runyard import Run

run = Run.get_context()
run.log_parameter("rate", 0.5)
run.tag("colour", "blue")
for step in range(20):
    run.log("loss", 1 / (step + 1))
    time.sleep(0.05)
print("done", flush=True)
"""
BAD = """
print("before the end", flush=True)
raise ValueError("the rate <b>is</b> too large")
"""


def watched(filled, visit, job, go, script: str, end: str):
    """Watch a run from its page until its end; gives its id, the tab and what that showed."""
    tab = visit()
    run = job(filled, HELD.format(go=str(go)) + script)
    tab.open(f"/runs/default/{run}")
    status = tab.page.locator("h1 .status")
    tab.page.evaluate(WATCH)
    expect(status).to_contain_text("Running")
    go.touch()
    expect(status).to_contain_text(end, timeout=60_000)
    return run, tab, tab.page.evaluate("window.shown")


WATCH = """
() => {
  window.shown = [];
  const look = () => {
    const text = document.querySelector("h1 .status")?.lastChild.textContent;
    if (text && window.shown.at(-1) !== text) window.shown.push(text);
  };
  look();
  const all = { subtree: true, childList: true, characterData: true };
  new MutationObserver(look).observe(document.body, all);
}
"""


def test_a_run_that_completes_is_shown_as_the_api_has_it(filled, visit, job, tmp_path):
    """Each status in its order, then numbers, parameters, tags, times and the whole log."""
    run, tab, shown = watched(filled, visit, job, tmp_path / "go", GOOD, "Completed")
    assert shown == sorted(shown, key=STATUSES.index)
    assert "Running" in shown
    page, record = tab.page, filled.client.runs.get(run)
    expect(page.locator(".figures")).to_contain_text("0.05")
    for text in (record.id, record.experiment, record.target, "rate", record.params["rate"]):
        expect(page.locator("dl.facts").filter(has_text=text).first).to_be_visible()
    expect(page.locator("main")).to_contain_text("blue")
    for stage in record.stage_seconds:
        expect(page.locator(".stages")).to_contain_text(stage)
    tab.open(f"/runs/default/{run}/metrics")
    page.get_by_role("button", name="Table").first.click()
    said = next(one for one in filled.client.metrics.list(run, "loss", points=1000))
    column = page.locator(".twin tbody tr td:nth-child(3)")
    expect(column).to_have_count(said.count)
    assert [float(value) for value in column.all_inner_texts()] == pytest.approx(
        [1 / (step + 1) for step in range(said.count)], rel=1e-4
    )
    tab.open(f"/runs/default/{run}/logs")
    expect(page.locator("main")).to_contain_text("done")


def test_a_run_that_fails_says_why(filled, visit, job, tmp_path):
    """The error's code, message and last lines, as text and never as markup."""
    run, tab, shown = watched(filled, visit, job, tmp_path / "go", BAD, "Failed")
    assert shown[-1] == "Failed"
    record = filled.client.runs.get(run)
    assert record.error is not None
    failed = tab.page.locator("section.failed")
    expect(failed).to_contain_text(record.error.message)
    expect(failed).to_contain_text(record.error.code)
    expect(failed.locator("pre")).to_contain_text("the rate <b>is</b> too large")
    assert failed.locator("b").count() == 0
    tab.open(f"/runs/default/{run}/events")
    expect(tab.page.locator("main")).to_contain_text("Failed")
