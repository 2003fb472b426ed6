"""The real TensorBoard: what it reads of ours, what is left of it, and that browsers see it live.

Its environment is the one that the service makes for whoever has no TensorBoard.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

from runyard.client import discovery
from runyard.client.connection import Connection
from runyard.client.event_files import EventReader, EventWriter
from runyard.client.studio import Studio
from runyard.sdk.environments import Environment
from runyard.sdk.experiments import Experiment
from runyard.sdk.tensorboard import Tensorboard, export_to_tensorboard
from runyard.sdk.v1.scripts import ScriptRunConfig
from runyard.sdk.workspaces import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from runyard.sdk.runs import Run
    from runyard_server.testing.services import RunningService

ROUNDS = int(os.environ.get("SOAK_BOARDS", "2"))
RECORDED = Path(__file__).parents[1] / "light" / "event_files"
# It reads every two seconds, as the agent and the board's mirror do.
SECONDS_BEHIND = 10.0
_PATIENCE = 60_000

# What TensorBoard's own reader finds in folders.
READ = """
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
found = {}
for folder in sys.argv[1:]:
    events = EventAccumulator(folder, size_guidance={"scalars": 0, "images": 0})
    events.Reload()
    for tag in events.Tags()["scalars"]:
        found[tag] = [[e.step, e.wall_time, e.value] for e in events.Scalars(tag)]
    for tag in events.Tags()["images"]:
        images = events.Images(tag)
        found[tag] = [[e.step, e.wall_time, len(e.encoded_image_string)] for e in images]
print(json.dumps(found))
"""
# A job that writes as scripts do, until it is told to end.
WRITES = """
import os, shutil, sys, time
from runyard.client.event_files import EventWriter
shutil.copytree(sys.argv[1], "logs/fit")
writer, step = EventWriter("logs/live"), 0
while not os.path.exists(sys.argv[2]):
    step += 1
    writer.scalar("speed", step / 2, step, time.time())
    writer.flush()
    time.sleep(0.1)
writer.close()
"""
# The page's own requests, so that each goes the way of the browser: cookie, policy, proxy.
NEWEST = """async () => {
  const board = document.querySelector("iframe.board").src;
  const tags = await (await fetch(board + "data/plugin/scalars/tags")).json();
  const run = Object.keys(tags).find((name) => name.endsWith("live"));
  const ask = new URLSearchParams({ run, tag: "speed" });
  const points = await (await fetch(board + "data/plugin/scalars/scalars?" + ask)).json();
  return points[points.length - 1][0];
}"""
LOOK = """async (board) => {
  const pictures = await (await fetch(board + "data/plugin/images/tags")).json();
  const body = JSON.stringify({ experimentName: "" });
  const headers = { "Content-Type": "application/json" };
  const how = { method: "POST", headers, body };
  const asked = await fetch(board + "data/plugin/hparams/experiment", how);
  const parameters = (await asked.json()).hparamInfos.map((one) => one.name);
  const names = Object.values(pictures).flatMap((tags) => Object.keys(tags));
  return { pictures: [...new Set(names)], parameters: parameters.sort() };
}"""


@pytest.fixture(scope="module")
def workspace(service: RunningService) -> Iterator[Workspace]:
    """The service's workspace."""
    before = os.environ["RUNYARD_HOME"]
    os.environ["RUNYARD_HOME"] = str(service.home)
    yield Workspace.from_config()
    os.environ["RUNYARD_HOME"] = before
    discovery.forget()


@pytest.fixture(scope="module")
def python(workspace: Workspace) -> str:
    """A Python with TensorBoard, made by the service."""
    boards = workspace.service.tensorboard
    until = time.monotonic() + 240
    while (told := boards.program()).state == "making":
        assert time.monotonic() < until
        time.sleep(0.1)
    assert told.state == "ready", told.error
    return told.interpreter


def read(python: str, *folders: Path) -> dict[str, list[Any]]:
    """What TensorBoard's own reader finds."""
    command = [python, "-c", READ, *map(str, folders)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, list[Any]] = json.loads(done.stdout)
    return found


def with_word(word: str) -> list[int]:
    """The processes that have a word in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_tensorboard_reads_what_is_written(
    workspace: Workspace, python: str, tmp_path: Path
) -> None:
    """Numbers that only `run.log` has seen, and pictures, are TensorBoard's without a loss."""
    files = sorted((RECORDED / "torch").iterdir())
    points = [point for path in files for point in EventReader(str(path)).read()]
    pixel = next(point for point in points if point.kind == "image")
    writer = EventWriter(tmp_path / "written")
    for step in range(1500):
        writer.scalar("größe/a b", step / 4, step, 1.5e9 + step)
    writer.image("picture", pixel.value, 7, 1.5e9)
    writer.close()
    with Experiment(workspace, "exported").start_logging(snapshot_directory=None) as run:
        run.log("acc", 0.5, step=3)
        run.log("acc", float("inf"), step=4)
        run.log_list("ten", list(range(10)))
        run.log_row("row", x=1.5)
        run.log_table("table", {"y": [1, 2]})
        run.log("word", "hello")
    export_to_tensorboard(run, str(tmp_path / "exported"))
    command = [sys.executable, "-P", "-m", "runyard", "tensorboard", "export"]
    subprocess.run([*command, str(tmp_path / "shell"), run.id], check=True, capture_output=True)
    found = read(python, tmp_path / "written")
    assert found["größe/a b"] == [[step, 1.5e9 + step, step / 4] for step in range(1500)]
    assert found["picture"] == [[7, 1.5e9, len(pixel.value)]]
    for made in ("exported", "shell"):
        found = read(python, tmp_path / made / run.id)
        values = {tag: [[step, value] for step, _, value in each] for tag, each in found.items()}
        assert values == {
            "acc": [[3, 0.5], [4, float("inf")]],
            "ten": [[number, number] for number in range(10)],
            "row/x": [[0, 1.5]],
            "table/y": [[0, 1], [1, 2]],
        }


@pytest.mark.slow(seconds=20)
def test_starting_and_stopping_leaves_nothing(
    workspace: Workspace, python: str, tmp_path: Path
) -> None:
    """However often somebody looks, TensorBoard and its data server are gone afterwards."""
    assert python
    with Experiment(workspace, "looked-at").start_logging(snapshot_directory=None) as run:
        run.log("acc", 0.5)
    for number in range(ROUNDS):
        root = tmp_path / f"board-{number}"
        board = Tensorboard([run], local_root=str(root), port=0)
        tags = f"{board.start()}data/plugin/scalars/tags"
        until = time.monotonic() + 60
        while list(asked(tags).get(run.id, ())) != ["acc"]:
            assert time.monotonic() < until
            time.sleep(0.2)
        assert with_word(str(root))
        board.stop()
        assert with_word(str(root)) == []


@pytest.mark.slow(seconds=25)
def test_the_studio_shows_a_board_while_its_run_goes_on(
    service: RunningService, workspace: Workspace, python: str, browser: Browser, tmp_path: Path
) -> None:
    """Behind the login, with numbers, pictures and parameters; all of it becomes metrics, too."""
    assert python
    end = tmp_path / "end"
    run = submitted(workspace, tmp_path, [str(RECORDED / "torch"), str(end)])
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    others: list[str] = []
    page.on("request", lambda it: None if it.url.startswith(origin) else others.append(it.url))
    link = Studio(Connection(service.url, service.token)).link(f"/runs/default/{run.id}")
    origin = link.partition("/enter")[0]
    page.goto(link)
    page.get_by_role("button", name="TensorBoard").click()
    frame = page.frame_locator("iframe.board")
    expect(frame.get_by_text("speed").first).to_be_visible(timeout=_PATIENCE)
    late = [behind(page) for _ in range(10)]
    assert sorted(late)[5] < SECONDS_BEHIND, late
    board = page.locator("iframe.board").get_attribute("src") or ""
    found = page.evaluate(LOOK, board)
    assert found["pictures"] == ["picture"]
    assert found["parameters"] == ["batch_size", "lr", "optimizer"]
    stranger = browser.new_context().new_page()
    refused = stranger.goto(f"{origin}{board}")
    assert refused is not None
    assert refused.status == 401
    stranger.context.close()
    assert with_word(board.rstrip("/"))
    page.get_by_role("button", name="Stop").click()
    expect(page.locator("iframe.board")).to_have_count(0)
    context.close()
    assert others == []
    end.touch()
    run.wait_for_completion(raise_on_error=True)
    speeds = run.get_metrics()["live/speed"]
    assert speeds == [step / 2 for step in range(1, len(speeds) + 1)]
    assert run.get_metrics()["fit/loss"] == [1.0, 0.5, pytest.approx(1 / 3)]
    until = time.monotonic() + 60
    while with_word(board.rstrip("/")):
        assert time.monotonic() < until
        time.sleep(0.05)


def submitted(workspace: Workspace, folder: Path, arguments: list[str]) -> Run:
    """A run that writes event files."""
    (folder / "source").mkdir()
    (folder / "source" / "train.py").write_text(WRITES)
    plain = Environment("plain")
    plain.python.user_managed_dependencies = True
    plain.python.interpreter_path = sys.executable
    config = ScriptRunConfig(
        str(folder / "source"), "train.py", arguments, compute_target="local", environment=plain
    )
    return Experiment(workspace, "live").submit(config)


def asked(url: str) -> Any:
    """What TensorBoard answers."""
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def behind(page: Page) -> float:
    """By how many seconds the newest number in the board is late."""
    page.wait_for_timeout(400)
    return time.time() - float(page.evaluate(NEWEST))
