"""A page stays open while the service goes and comes, a laptop sleeps, and more tabs are opened."""

import os

import pytest
from playwright.sync_api import expect

STEPS = 60
LIVE = f"""
import time
from runyard import Run

run = Run.get_context()
for step in range({STEPS}):
    run.log("loss", 1 / (step + 1))
    print("step", step, "ends", flush=True)
    time.sleep(0.1)
"""
# One more than a browser opens connections to a service.
TABS = 10 if os.environ.get("STUDIO_LONG") else 7
LOG = "azureml-logs/70_driver_log.txt"
BANNER = "The service has stopped"
FORGIVEN = r"Failed to load resource|ERR_|EventSource|503|502"


@pytest.mark.slow(seconds=20)
def test_a_page_goes_on_when_the_service_is_back(own, visit_own, job):
    """The service is killed and started: same port, and no gap in the chart or in the log."""
    run = job(own, LIVE)
    address = f"/runs/default/{run}"
    chart = visit_own(f"{address}/metrics")
    log = visit_own(f"{address}/logs/{LOG}")
    expect(log.page.locator(".lines")).to_contain_text("step 3 ends")
    # It has no stream of its own: the first tab of this browser tells it what happens.
    second = log.page.context.new_page()
    second.goto(f"{log.origin}/about")
    expect(second.locator("h1")).to_have_text("About")
    before = own.service.url
    own.service.kill()
    for page in (chart.page, log.page, second):
        expect(page.locator(".banner")).to_contain_text(BANNER)
    own.service.start()
    assert own.service.url == before
    for tab in (chart, log):
        expect(tab.page.locator(".banner")).to_have_count(0, timeout=60_000)
        expect(tab.page.locator("h1 .status")).to_contain_text("Completed", timeout=60_000)
    expect(second.locator(".banner")).to_have_count(0)
    second.close()
    chart.page.get_by_role("button", name="Table").first.click()
    expect(chart.page.locator(".twin tbody tr")).to_have_count(STEPS)
    steps = chart.page.locator(".twin tbody tr td:nth-child(2)").all_inner_texts()
    assert steps == [str(step) for step in range(STEPS)]
    expect(log.page.locator(".lines")).to_contain_text(f"step {STEPS - 1} ends")
    log.page.bring_to_front()
    expect(log.page.locator(".lines code").first).to_be_visible()
    lines = log.page.locator(".lines code").all_inner_texts()
    shown = [line for line in lines if line.startswith("step")]
    assert shown == [f"step {step} ends" for step in range(STEPS)]
    for tab in (chart, log):
        tab.forgive(FORGIVEN)


def test_many_tabs_have_one_stream(own, visit_own, job):
    """Browsers open six connections to a service: more tabs all load, and all follow the run."""
    run = job(own, "import time; time.sleep(300)")
    first = visit_own(f"/runs/default/{run}")
    streams: list[int] = []
    tabs = [first.page, *(first.page.context.new_page() for _ in range(TABS - 1))]
    for number, page in enumerate(tabs):
        page.on("request", lambda asked, n=number: "/stream?" in asked.url and streams.append(n))
        page.goto(f"{first.origin}/runs/default/{run}")
    own.client.runs.cancel(run)
    for page in tabs:
        expect(page.locator("h1 .status")).to_contain_text("Canceled")
    # The tab that leads was loaded anew, so another may have taken over once.
    assert len(set(streams)) <= 2
    first.forgive("ERR_")


def test_a_page_wakes_with_the_laptop(own, visit_own, job):
    """Eight hours of sleep later a page shows what happened, without being loaded anew."""
    run = job(own, "import time; time.sleep(600)")
    tab = visit_own(f"/runs/default/{run}")
    page = tab.page
    page.clock.install()
    page.reload()
    expect(page.locator("h1 .status")).to_contain_text("Running")
    page.evaluate("window.kept = true")
    page.clock.fast_forward("08:00:00")
    own.client.runs.cancel(run)
    expect(page.locator("h1 .status")).to_contain_text("Canceled")
    assert page.evaluate("window.kept")
    tab.forgive("ERR_")
