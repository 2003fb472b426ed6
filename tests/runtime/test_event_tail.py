"""TensorBoard's event files become metrics while the job runs."""

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from runyard.client.event_files import EventWriter
from runyard.protocol.errors import Conflict, TemporaryError
from runyard.runtime.event_tail import MOST_IMAGES, EventTail
from runyard.runtime.folder import RunFolder

RECORDED = Path(__file__).parents[1] / "light" / "event_files"


class Service:
    """Takes parameters."""

    def __init__(self) -> None:
        self.parameters: dict[str, str] = {}
        self.away = False

    def log_parameters(self, given: dict[str, str]) -> None:
        if self.away:
            raise TemporaryError("away")
        if "lr" in given and self.parameters.get("lr", given["lr"]) != given["lr"]:
            raise Conflict("parameter 'lr' is there")
        self.parameters.update(given)


class Desk:
    """A tail with all that it needs, and what it has written."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.logs = root / "work" / "logs"
        self.logs.mkdir(parents=True)
        self.service = Service()
        self.warnings: list[str] = []
        self.tail = self.fresh()

    def fresh(self, attempt: int = 1) -> EventTail:
        job: Any = SimpleNamespace(attempt=attempt)
        service: Any = self.service
        return EventTail(job, RunFolder(str(self.root)), service, self.warnings.append)

    def found(self) -> dict[str, str]:
        files = [path for path in self.logs.rglob("*tfevents*") if path.is_file()]
        return {str(path): str(path.relative_to(self.logs)) for path in files}

    def lines(self) -> list[dict[str, Any]]:
        files = sorted((self.root / "spool").glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
        return [json.loads(line) for path in files for line in path.read_text().splitlines()]

    def values(self, name: str) -> list[Any]:
        return [line["v"] for line in self.lines() if line["n"] == name]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize("writer", ["tf1", "tf2", "torch", "tensorboardx"])
def test_files_of_each_writer_become_metrics(desk: Desk, writer: str) -> None:
    """Numbers of TensorFlow, PyTorch and tensorboardX stand beside those of run.log."""
    shutil.copytree(RECORDED / writer, desk.logs / "fit")
    desk.tail.finish(desk.found())
    assert desk.values("fit/loss") == [1.0, 0.5, pytest.approx(1 / 3)]
    loss = [line for line in desk.lines() if line["n"] == "fit/loss"]
    assert [line["s"] for line in loss] == [0, 1, 2]
    assert {line["o"] for line in loss} == {"tensorboard"}
    assert 1.5e15 < loss[0]["t"] < 1e16
    pictures = [line["v"] for line in desk.lines() if line["k"] == "image"]
    assert [(desk.root / "logs" / path).read_bytes()[:4] for path in pictures] == [b"\x89PNG"] * 3
    wanted = {"lr": "0.1", "batch_size": "32", "optimizer": "adam"}
    assert desk.service.parameters == ({} if writer == "tf1" else wanted)
    assert desk.warnings == []


def test_what_grows_is_read_on_also_by_another_agent(desk: Desk) -> None:
    """No number is missing or there twice when an agent dies and a salvage goes on."""
    writer = EventWriter(desk.logs / "train")
    for step in range(6):
        writer.scalar("acc", step / 4, step, 7.0)
        writer.flush()
        if step % 2:
            desk.tail.look(desk.found())
        if step == 3:
            desk.tail = desk.fresh()
    writer.close()
    desk.tail.finish(desk.found())
    assert desk.values("train/acc") == [0.0, 0.25, 0.5, 0.75, 1.0, 1.25]


def test_what_cannot_be_remembered_hinders_nothing(desk: Desk) -> None:
    """On a full disk logs and metrics go on to be sent, and the run can end."""
    (desk.root / "events.json").mkdir()
    writer = EventWriter(desk.logs)
    writer.scalar("acc", 0.5, 1, 7.0)
    writer.close()
    desk.tail.look(desk.found())
    desk.tail.finish(desk.found())
    assert desk.values("acc") == [0.5]


def test_numbers_that_json_lacks_arrive(desk: Desk) -> None:
    """A loss that became NaN is what people look for."""
    writer = EventWriter(desk.logs)
    for value in (float("nan"), float("inf"), float("-inf")):
        writer.scalar("loss", value, 1, 7.0)
    writer.close()
    desk.tail.finish(desk.found())
    assert [(line["v"], line["x"]) for line in desk.lines()] == [
        ("NaN", 1),
        ("Infinity", 1),
        ("-Infinity", 1),
    ]


def test_a_damaged_file_is_told_once_and_the_next_is_read(desk: Desk) -> None:
    """One broken file costs no other file its numbers, and people learn where it is broken."""
    writer = EventWriter(desk.logs / "a")
    writer.scalar("acc", 1.0, 1, 7.0)
    writer.close()
    whole = writer.path.read_bytes()
    writer.path.write_bytes(whole + b"rubbish of some length")
    shutil.copytree(RECORDED / "tf1", desk.logs / "b")
    for _ in range(3):
        desk.tail.look(desk.found())
    assert desk.values("a/acc") == [1.0]
    assert len(desk.values("b/loss")) == 3
    assert len(desk.warnings) == 1
    assert f"logs/a/{writer.path.name} is damaged at byte {len(whole)}" in desk.warnings[0]


def test_a_look_takes_a_fiftieth_of_a_core(desk: Desk) -> None:
    """However much a job writes, the agent leaves the cores to it; the end brings the rest."""
    writer = EventWriter(desk.logs)
    for step in range(20_000):
        writer.scalar("acc", 1.0, step, 7.0)
    writer.close()
    begun = time.thread_time()
    desk.tail.look(desk.found())
    assert time.thread_time() - begun < 0.1
    assert 0 < len(desk.lines()) < 20_000
    desk.tail.finish(desk.found())
    assert [line["s"] for line in desk.lines()] == list(range(20_000))


def test_of_many_pictures_fifty_are_kept(desk: Desk) -> None:
    """A picture at each of thousands of steps fills no disk; the first and late ones are there."""
    writer = EventWriter(desk.logs)
    for step in range(3000):
        writer.image("digits/0", b"\x89PNG\r\n\x1a\n", step, 7.0)
    writer.image("no picture", b"text", 1, 7.0)
    writer.close()
    desk.tail.finish(desk.found())
    steps = [line["s"] for line in desk.lines()]
    assert steps[:10] == list(range(10))
    assert len(steps) <= MOST_IMAGES
    assert steps[-1] > 2000
    assert desk.lines()[0]["v"] == "tensorboard/digits/0_0.png"


def test_parameters_wait_for_the_service(desk: Desk) -> None:
    """A service that is away costs no parameter; an argument's value is not changed."""
    desk.service.parameters["lr"] = "0.5"
    desk.service.away = True
    shutil.copytree(RECORDED / "torch", desk.logs / "b")
    desk.tail.look(desk.found())
    assert desk.service.parameters == {"lr": "0.5"}
    desk.service.away = False
    desk.tail.look(desk.found())
    assert desk.service.parameters == {"lr": "0.5", "batch_size": "32", "optimizer": "adam"}
    assert len(desk.warnings) == 1


SCRIPT = """
import sys, time
sys.path.insert(0, {light!r})
from runyard.client.event_files import EventWriter
writer = EventWriter("logs/fit")
for step in range(3):
    writer.scalar("acc", step / 2, step, 7.0)
writer.flush()
{wait}
writer.scalar("acc", 9.0, 3, 7.0)
writer.close()
"""


def test_an_agent_brings_them_while_the_script_runs(room: Any) -> None:
    """People see the curve before the run has ended, and all of it when it has."""
    light = str(Path(EventWriter.__init__.__code__.co_filename).parents[2])
    wait = "import os\nwhile not os.path.exists('go'):\n    time.sleep(0.01)"
    room.write_job(SCRIPT.format(light=light, wait=wait))
    agent = room.start()

    def values() -> list[float]:
        lines = [line for lines in room.service.lines.values() for line in lines]
        return [line["v"] for line in lines if line["n"] == "fit/acc"]

    room.wait_for(lambda: values() == [0.0, 0.5, 1.0])
    (room.work / "go").touch()
    assert agent.wait(60) == 0
    assert values() == [0.0, 0.5, 1.0, 9.0]
    assert [path for path in room.service.logs if path.startswith("logs/fit/events")]


def test_a_job_may_do_without(room: Any) -> None:
    """Whoever logs the same by run.log, too, wants it once."""
    light = str(Path(EventWriter.__init__.__code__.co_filename).parents[2])
    variables = {"RUNYARD_TENSORBOARD_METRICS": "0"}
    room.run(SCRIPT.format(light=light, wait=""), variables=variables)
    lines = [line for lines in room.service.lines.values() for line in lines]
    assert not [line for line in lines if line.get("o")]
