"""Draw the pictures of the studio in README and docs: `make pictures`.

A service with a state folder of its own is filled by a few runs and a sweep, and a real browser
takes a picture of each page, so that no picture shows what the pages do not.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from runyard.client.connection import Connection
from runyard.client.studio import Studio
from runyard_server.testing.services import RunningService, running_service

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SIZE = {"width": 1280, "height": 800}
SETTLE_MS = 1500
FILL = """
import json, math, random
from runyard import Experiment, Sweep, Workspace, choice, loguniform, uniform

random.seed(7)
workspace = Workspace.from_config()
experiment = Experiment(workspace, "tf-mnist")
runs = []
for rate, neurons in ((0.003, 100), (0.01, 300), (0.03, 300), (0.1, 500)):
    run = experiment.start_logging(snapshot_directory=None)
    run.log_parameters({"learning_rate": rate, "first_layer": neurons})
    run.tag("data", "mnist")
    level = 0.09 + 0.02 * abs(math.log10(rate) + 1.7)
    for step in range(120):
        noise = random.gauss(0, 0.012) / (1 + step / 40)
        loss = level + 1.9 * math.exp(-step * (0.02 + 3 * rate ** 0.8)) + noise
        run.log("loss", loss)
        run.log("val/loss", 1.08 * loss + abs(noise))
        run.log("accuracy", max(0.1, 1 - loss / 2.2))
    run.log("final_acc", 1 - level / 5)
    run.complete()
    runs.append(run.id)
sweep = Sweep(
    space={"learning_rate": loguniform(1e-4, 1e-1), "dropout": uniform(0, 0.5),
           "optimizer": choice("adam", "sgd")},
    goal={"loss": "minimize"},
    max_trials=60,
)
trials = sweep.open(Experiment(workspace, "tune"), "network")
for trial in trials:
    with trial:
        given = trial.params
        loss = (math.log10(given["learning_rate"]) + 2.4) ** 2 / 3 + (given["dropout"] - 0.2) ** 2
        trial.tell(0.08 + loss + (given["optimizer"] == "sgd") * 0.1 + random.random() * 0.05)
found = next(iter(workspace.service.sweeps.list()))
print(json.dumps({"run": runs[2], "all": ",".join(runs), "sweep": found.id}))
"""


def main() -> int:
    """Draw all of them."""
    found = subprocess.run(
        ["bash", str(ROOT / "tools/browser.sh")], stdout=subprocess.PIPE, text=True, check=True
    )
    with tempfile.TemporaryDirectory() as folder, running_service(Path(folder)) as service:
        _draw(service, found.stdout.strip(), _filled(service))
    return 0


def _filled(service: RunningService) -> dict[str, str]:
    told = subprocess.run(
        [sys.executable, "-P", "-c", FILL],
        env={**os.environ, "RUNYARD_HOME": str(service.home)},
        cwd=service.home,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    names: dict[str, str] = json.loads(told.stdout)
    return names


def _draw(service: RunningService, browser: str, names: dict[str, str]) -> None:
    link = Studio(Connection(service.url, service.token)).link()
    pages = {
        "studio-run": f"/runs/default/{names['run']}",
        "studio-runs": "/runs/default",
        "studio-sweep": f"/sweeps/default/{names['sweep']}",
    }
    with sync_playwright() as started:
        opened = started.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = opened.new_page(viewport=SIZE)
        page.goto(link)
        page.wait_for_url(lambda url: "/enter" not in url)
        origin = page.url.rstrip("/")
        for name, address in pages.items():
            page.goto(origin + address)
            page.locator("h1").wait_for()
            page.locator("[aria-busy=true]").first.wait_for(state="detached")
            page.wait_for_timeout(SETTLE_MS)
            page.screenshot(path=IMAGES / f"{name}.png")
            print(IMAGES / f"{name}.png")
        opened.close()


if __name__ == "__main__":
    sys.exit(main())
