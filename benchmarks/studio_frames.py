"""How smoothly the studio draws: frames while curves are hovered, and while runs go on.

    python benchmarks/studio_frames.py [SECONDS]

A browser shows 100 runs of 1,000 points overlaid while the mouse moves over them, and then 50 runs
that each log a point a second. Times between frames are the browser's own, beside those of an empty
page that animates nothing, in turns, so that a loaded machine slows both. The first paint of the
runs table and the size of the scripts that it loads are told, too.
"""

from __future__ import annotations

import itertools
import json
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from playwright.sync_api import sync_playwright

from runyard.client.connection import Connection
from runyard.client.studio import Studio
from runyard.client.workspace import WorkspaceClient
from runyard.protocol import routes
from runyard.protocol.files import LogSearchQuery
from runyard.protocol.runs import StartRun
from runyard_server.testing.services import RunningService, running_service

if TYPE_CHECKING:
    from playwright.sync_api import Page

SECONDS, TURNS = 6.0, 3
RUNS, POINTS, LIVE = 100, 1000, 50
LOG_BYTES = 100 << 20
SWITCHES = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDE = {"width": 1280, "height": 900}
FRAMES = """(seconds) => new Promise((done) => {
  const times = [], begun = performance.now();
  const step = (now) => {
    times.push(now);
    now - begun < seconds * 1000 ? requestAnimationFrame(step) : done(times);
  };
  requestAnimationFrame(step);
})"""
LOADED = """() => ({
  paint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0,
  scripts: performance.getEntriesByType('resource').filter((one) => one.name.endsWith('.js'))
    .reduce((sum, one) => sum + one.encodedBodySize, 0),
})"""


def main() -> None:
    """Measure and print."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else SECONDS
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        client = WorkspaceClient(Connection(service.url, service.token), "default")
        ended = [_started(client, "curves") for _ in range(RUNS)]
        for run in ended:
            _append(client, run, range(POINTS))
            client.runs.complete(run)
        live = [_started(client, "live") for _ in range(LIVE)]
        for run in live:
            _append(client, run, range(100))
        with sync_playwright() as started:
            path = shutil.which("chromium")
            browser = started.chromium.launch(executable_path=path, args=list(SWITCHES))
            for what, name in ((ended, "100 x 1,000, hovered"), (live, "50 live runs")):
                page = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
                _open(page, service, f"/compare/default?metrics=loss&runs={','.join(what)}")
                empty = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
                _compare(name, page, empty, seconds, client, live)
            page = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
            _open(page, service, "/runs/default")
            page.reload()
            page.get_by_role("row").nth(1).wait_for()
            print("runs table:", json.dumps(page.evaluate(LOADED)))
            _log_page(browser.new_context(viewport=WIDE).new_page(), service, client, live[0])  # type: ignore[arg-type]
            browser.close()


def _log_page(page: Page, service: RunningService, client: WorkspaceClient, run: str) -> None:
    """Print how long a search in a log of 100 MB takes, and what its page holds in memory."""
    path, size = "logs/long.txt", 0
    while size < LOG_BYTES:
        lines = "".join(
            f"step {size + n}: loss {random.random():.6f}\n" for n in range(0, 1 << 20, 32)
        )
        client.logs.append(run, path, lines.encode(), size)
        size += len(lines)
    took = []
    for _ in range(5):
        begun = time.perf_counter()
        client.logs.search(run, path, LogSearchQuery("nowhere to be found"))
        took.append(time.perf_counter() - begun)
    _open(page, service, f"/runs/default/{run}/logs/{path}")
    page.mouse.wheel(0, -100_000)
    page.wait_for_timeout(1000)
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    heap = session.send("Runtime.getHeapUsage")["usedSize"]
    print(
        f"log of {size >> 20} MiB: searched in {statistics.median(took):.3f} s (most "
        f"{max(took):.3f}); its page has {heap / 1e6:.1f} MB"
    )


def _started(client: WorkspaceClient, experiment: str) -> str:
    return str(client.call(routes.RUNS_START, body=StartRun(experiment=experiment)).id)


def _append(client: WorkspaceClient, run: str, steps: range) -> None:
    now = time.time_ns() // 1000
    rows = [
        {
            "n": "loss",
            "k": "scalar",
            "v": 1 / (1 + step) + random.random() / 20,
            "s": step,
            "t": now,
        }
        for step in steps
    ]
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    client.metrics.append(run, "1-a", data, steps.start)


def _open(page: Page, service: RunningService, address: str) -> None:
    page.goto(Studio(Connection(service.url, service.token)).link(address))
    page.wait_for_url(lambda url: "/enter" not in url)
    page.locator("h1").first.wait_for()
    page.locator("[aria-busy=true]").first.wait_for(state="detached")
    page.wait_for_timeout(1000)


def _compare(
    name: str,
    page: Page,
    empty: Page,
    seconds: float,
    client: WorkspaceClient,
    live: list[str],
) -> None:
    """Print the 95th percentile of the times between frames, with and without the page."""
    ratios, shares, slow = [], [], []
    end = threading.Event()
    logging = threading.Thread(target=_log, args=(client, live, end), daemon=True)
    if "live" in name:
        logging.start()
    for _ in range(TURNS):
        bare = _frames(empty, seconds, None)
        own = _frames(page, seconds, page.locator("canvas").first if "hovered" in name else None)
        ratios.append(_high(own) / _high(bare))
        shares.append(sum(gap <= 33.4 for gap in own) / len(own))
        slow.append(_high(own))
    end.set()
    print(
        f"{name}: 95 % of frames within {statistics.median(slow):.1f} ms, "
        f"{statistics.median(ratios):.2f} of an empty page's; "
        f"{min(shares):.1%} within 33 ms in the worst of {TURNS} turns"
    )


def _frames(page: Page, seconds: float, canvas: Any) -> list[float]:
    page.bring_to_front()
    # What moves the mouse must not wait for the page's answer, so the page counts by itself.
    page.evaluate(f"(seconds) => {{ window.counted = ({FRAMES})(seconds); }}", seconds)
    if canvas is not None:
        box = canvas.bounding_box()
        begun, place = time.monotonic(), 0.0
        while time.monotonic() - begun < seconds:
            place = (place + 0.013) % 1
            page.mouse.move(
                box["x"] + 60 + place * (box["width"] - 80), box["y"] + box["height"] / 2
            )
            time.sleep(1 / 60)
    times = page.evaluate("() => window.counted")
    return [after - before for before, after in itertools.pairwise(times)]


def _high(gaps: list[float]) -> float:
    return sorted(gaps)[int(len(gaps) * 0.95)]


def _log(client: WorkspaceClient, live: list[str], end: threading.Event) -> None:
    step = 100
    while not end.wait(1.0):
        for run in live:
            _append(client, run, range(step, step + 1))
        step += 1


if __name__ == "__main__":
    main()
