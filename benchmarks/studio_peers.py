"""The studio beside MLflow's and TensorBoard's own pages: the same 100 runs of 1,000 points.

    python benchmarks/studio_peers.py [SECONDS [PAGE ...]]

Each page overlays the same curves. Told of each: how long it takes until nothing changes on the
screen any more, how large the scripts are that it loads, what it keeps in memory, and the frames
while the mouse moves over the curves, beside those of an empty page in turns. The peers' servers
come from their lock files, and the browser is the same for all.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import peers
from playwright.sync_api import sync_playwright
from studio_frames import POINTS, RUNS, SWITCHES, TURNS, WIDE, _append, _frames, _high, _started

from runyard.client.connection import Connection
from runyard.client.studio import Studio
from runyard.client.workspace import WorkspaceClient
from runyard_server.testing.services import running_service

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Page

SECONDS, STILL_SECONDS, LONGEST_SECONDS = 6.0, 4.0, 180.0
LOOK_SECONDS = 0.1
LOADED = """() => performance.getEntriesByType('resource')
  .filter((one) => one.name.split('?')[0].endsWith('.js') || one.initiatorType === 'script')
  .reduce((sum, one) => sum + one.transferSize, 0)"""
DRAWN = {
    "Runyard": "() => document.querySelectorAll('canvas').length > 0",
    "MLflow": f"() => document.querySelectorAll('.scatterlayer .trace').length >= {RUNS}",
    "TensorBoard": "() => document.querySelectorAll('line-chart').length > 0",
}
FILL_MLFLOW = """
import random, sys, time
from mlflow.entities import Metric
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
experiment = client.create_experiment("curves")
now = int(time.time() * 1000)
for number in range(int(sys.argv[2])):
    run = client.create_run(experiment).info.run_id
    client.log_batch(run, [
        Metric("loss", 1 / (1 + step) + random.random() / 20, now, step)
        for step in range(int(sys.argv[3]))
    ])
    client.set_terminated(run)
    print(run, flush=True)
"""
FILL_TENSORBOARD = """
import random, sys
from tensorboard.summary import Writer
for number in range(int(sys.argv[2])):
    writer = Writer(f"{sys.argv[1]}/run-{number}")
    for step in range(int(sys.argv[3])):
        writer.add_scalar("loss", 1 / (1 + step) + random.random() / 20, step)
    writer.close()
"""


def main() -> None:
    """Measure and print, as lines of a table."""
    seconds = float(sys.argv[1]) if sys.argv[1:] else SECONDS
    pages = {"Runyard": _runyard, "MLflow": _mlflow, "TensorBoard": _tensorboard}
    pages = {name: pages[name] for name in sys.argv[2:] or pages}
    with sync_playwright() as started:
        path = shutil.which("chromium")
        print("| page | still after (s) | scripts (kB) | memory (MB) | frames: 95 % | of empty |")
        for name, served in pages.items():
            browser = started.chromium.launch(executable_path=path, args=list(SWITCHES))
            with _folder() as folder, served(folder) as (address, prepare):
                print(_measured(name, browser, address, prepare, seconds), flush=True)
            browser.close()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="studio-") as folder:
        yield Path(folder)


def _measured(
    name: str,
    browser: Browser,
    address: Callable[[], str],
    prepare: Callable[[Page], Any],
    seconds: float,
) -> str:
    still, scripts = [], 0.0
    page = browser.new_page()
    for _ in range(TURNS):
        page.context.close()
        page = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
        session = page.context.new_cdp_session(page)
        page.add_init_script("performance.setResourceTimingBufferSize(5000)")
        begun = time.monotonic()
        page.goto(address())
        still.append(_until_still(page, DRAWN[name], begun))
        scripts = page.evaluate(LOADED) / 1e3
    curves = prepare(page)
    page.screenshot(path=f"build/page-of-{name}.png", timeout=1000 * LONGEST_SECONDS)
    session.send("HeapProfiler.collectGarbage")
    memory = session.send("Runtime.getHeapUsage")["usedSize"] / 1e6
    empty = browser.new_context(viewport=WIDE).new_page()  # type: ignore[arg-type]
    ratios, slow = [], []
    for _ in range(TURNS):
        bare = _frames(empty, seconds, None)
        own = _frames(page, seconds, curves)
        ratios.append(_high(own) / _high(bare))
        slow.append(_high(own))
    figures = (
        f"{statistics.median(still):.1f} | {scripts:,.0f} | {memory:.1f} | "
        f"{statistics.median(slow):.1f} ms | {statistics.median(ratios):.2f}"
    )
    return f"| {name} | {figures} |"


def _until_still(page: Page, drawn: str, begun: float) -> float:
    """How long after `begun` the screen changed last."""
    seen = b""
    # A page may show the same empty boxes for half a minute before it has anything to draw.
    page.wait_for_function(drawn, timeout=1000 * LONGEST_SECONDS)
    last = time.monotonic()
    while time.monotonic() - last < STILL_SECONDS and time.monotonic() - begun < LONGEST_SECONDS:
        # A page that draws for half a minute answers nobody meanwhile.
        now = hashlib.sha256(page.screenshot(timeout=1000 * LONGEST_SECONDS)).digest()
        if now != seen:
            last, seen = time.monotonic(), now
        time.sleep(LOOK_SECONDS)
    return last - begun


@contextlib.contextmanager
def _runyard(folder: Path) -> Iterator[tuple[Callable[[], str], Callable[[Page], Any]]]:
    with running_service(folder) as service:
        connection = Connection(service.url, service.token)
        client = WorkspaceClient(connection, "default")
        names = [_started(client, "curves") for _ in range(RUNS)]
        for run in names:
            _append(client, run, range(POINTS))
            client.runs.complete(run)
        view = f"/compare/default?metrics=loss&runs={','.join(names)}"
        yield lambda: Studio(connection).link(view), lambda page: page.locator("canvas").first


@contextlib.contextmanager
def _mlflow(folder: Path) -> Iterator[tuple[Callable[[], str], Callable[[Page], Any]]]:
    peer = peers.install("mlflow")
    port, store = 5123, f"sqlite:///{folder}/mlflow.db"
    fill = [str(peer.python), "-c", FILL_MLFLOW, store, str(RUNS), str(POINTS)]
    filled = subprocess.run(fill, cwd=folder, capture_output=True, text=True, check=True)
    names = json.dumps([line for line in filled.stdout.split() if len(line) == 32])
    command = [peer.program("mlflow"), "server", "--backend-store-uri", store, "--port", str(port)]
    asked = f"runs={quote(names)}&metric=%22loss%22&experiments={quote(json.dumps(['1']))}"
    asked += f"&plot_metric_keys={quote(json.dumps(['loss']))}"
    address = f"http://127.0.0.1:{port}/#/metric?{asked}"
    with _serving(command, folder, port):
        yield lambda: address, lambda page: page.locator(".js-plotly-plot").first


@contextlib.contextmanager
def _tensorboard(folder: Path) -> Iterator[tuple[Callable[[], str], Callable[[Page], Any]]]:
    peer = peers.install("tensorboard")
    events, port = folder / "events", 6123
    fill = [str(peer.python), "-c", FILL_TENSORBOARD, str(events), str(RUNS), str(POINTS)]
    subprocess.run(fill, cwd=folder, check=True)
    command = [str(peer.python), "-m", "tensorboard.main", "--logdir", str(events)]
    command += ["--port", str(port), "--load_fast=false"]
    with _serving(command, folder, port):
        # It reads files in the background; the page is opened when it knows them all.
        time.sleep(15)
        address = f"http://127.0.0.1:{port}/#timeseries"
        yield lambda: address, lambda page: page.locator("line-chart").first


@contextlib.contextmanager
def _serving(command: list[str], folder: Path, port: int) -> Iterator[None]:
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        _wait(port)
        yield
    finally:
        server.terminate()
        server.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    random.seed(1)
    main()
