"""TensorBoard over runs, with a TensorBoard that is none; the real one is in tests/notebook."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from runyard.client.event_files import EventReader, EventWriter
from runyard.sdk import board_process
from runyard.sdk.exceptions import AzureMLException, UserErrorException
from runyard.sdk.tensorboard import Tensorboard, export_to_tensorboard
from runyard_server.testing.boards import lay_out

ROUNDS = int(os.environ.get("SOAK_BOARDS", "3"))


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A TensorBoard in this Python."""
    place = lay_out(tmp_path / "fake")
    monkeypatch.syspath_prepend(str(place))
    monkeypatch.setenv("PYTHONPATH", str(place))
    return place


@pytest.fixture
def run(experiment: Any) -> Any:
    """A run that logs by run.log alone."""
    run = experiment.start_logging()
    for step in range(3):
        run.log("loss", 1 / (step + 1), step=step)
    run.flush()
    yield run
    run.complete()


def told(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=60) as answer:
        return json.load(answer)


def alive(pids: list[int]) -> list[int]:
    found = []
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
    return found


def gone(pids: list[int], seconds: float = 60.0) -> bool:
    end = time.monotonic() + seconds
    while alive(pids) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pids)


def test_a_run_that_only_logs_is_shown(fake, run, capsys):
    """The board is never empty, and its address is printed and returned, as v1 did."""
    board = Tensorboard([run], port=0)
    url = board.start()
    try:
        assert capsys.readouterr().out.split() == [url]
        ((name, size),) = told(url)["files"].items()
        assert name.startswith(f"{run.id}/events.out.tfevents.")
        assert size > 100
        assert board.start() == url
    finally:
        board.stop()
    board.stop()
    assert board.url == ""


def test_event_files_are_mirrored_and_followed(fake, run, tmp_path):
    """What a run uploads while the board is open is there within seconds, byte for byte."""
    writer = EventWriter(tmp_path / "own")
    writer.scalar("acc", 0.5, 1, 7.0)
    writer.close()
    run.upload_file("logs/a/events.out.tfevents.1.h", str(writer.path))
    root = tmp_path / "root"
    with Tensorboard(run, local_root=str(root), port=0) as board:
        assert list(told(board.url)["files"]) == [f"{run.id}/a/events.out.tfevents.1.h"]
        run.upload_file("logs/b/events.out.tfevents.2.h", str(writer.path))
        later = root / run.id / "b" / "events.out.tfevents.2.h"
        end = time.monotonic() + 60
        size = writer.path.stat().st_size
        while not (later.exists() and later.stat().st_size == size):
            assert time.monotonic() < end
            time.sleep(0.05)
        assert later.read_bytes() == writer.path.read_bytes()
    assert later.exists()


def test_a_taken_port_gives_way_to_the_next(fake, run, capsys):
    """A second board beside the first one just works, and says where it is."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Tensorboard([run], port=port) as board:
            assert not board.url.endswith(f":{port}/")
    assert f"port {port} is taken" in capsys.readouterr().err


def test_starting_and_stopping_leaves_no_process(fake, run):
    """However often somebody looks, TensorBoard and what it starts are gone afterwards."""
    pids = []
    for _ in range(ROUNDS):
        with Tensorboard([run], port=0) as board:
            pids += told(board.url)["pids"]
            assert len(alive(pids[-2:])) == 2
    assert gone(pids)


def test_nothing_outlives_a_caller_that_is_killed(fake, run, service):
    """A notebook's kernel that dies at once leaves no TensorBoard behind."""
    script = (
        "import sys, time\n"
        "from runyard import Experiment, Run, Workspace\n"
        "from runyard.sdk.tensorboard import Tensorboard\n"
        "run = Run(Experiment(Workspace.get(sys.argv[1]), 'exp'), sys.argv[2])\n"
        "Tensorboard([run], port=0).start()\n"
        "time.sleep(600)\n"
    )
    name = run.experiment.workspace.name
    caller = subprocess.Popen(
        [sys.executable, "-c", script, name, run.id], stdout=subprocess.PIPE, text=True
    )
    assert caller.stdout is not None
    try:
        pids = told(caller.stdout.readline().strip())["pids"]
    finally:
        caller.kill()
        caller.wait()
        caller.stdout.close()
    assert gone(pids)


def test_a_tensorboard_that_does_not_start_says_why(fake, run):
    """Its own words are in the error, and nothing is left."""
    (fake / "tensorboard" / "main.py").write_text("raise SystemExit('no such protobuf')")
    with pytest.raises(AzureMLException, match="no such protobuf"):
        Tensorboard([run], port=0).start()


def test_options_are_those_that_the_version_knows():
    """TensorBoard 1.13, which comes with TensorFlow 1.13, refuses what came later."""
    old = board_process.Program("python", (1, 13)).command("logs", 6006, "")
    new = board_process.Program("python", (2, 21)).command("logs", 6006, "/x")
    assert {"--reload_multifile", "--load_fast", "--path_prefix"} <= set(new)
    assert not {"--reload_multifile", "--load_fast", "--path_prefix"} & set(old)


def test_metrics_become_event_files(experiment, tmp_path):
    """Lists count over all their cells, rows and tables become columns, children lie below."""
    parent = experiment.start_logging()
    child = parent.child_run()
    parent.log("loss", 0.5, step=7)
    parent.log("loss", float("nan"), step=8)
    parent.log("word", "hello")
    parent.log_list("l", [1, 2])
    parent.log_list("l", [3])
    parent.log_row("r", x=1, y=2.5)
    parent.log_row("r", x=2, y=3.5)
    parent.log_table("t", {"a": [1, 2], "b": ["x", "y"]})
    child.log("deep", 1)
    for one in (child, parent):
        one.flush()
        one.complete()
    export_to_tensorboard(parent, tmp_path / "out")
    (file,) = (tmp_path / "out" / parent.id).glob("events.out.tfevents.*")
    found: dict[str, list[Any]] = {}
    for point in EventReader(str(file)).read():
        found.setdefault(point.tag, []).append((point.step, point.value))
    loss = found.pop("loss")
    assert loss[0] == (7, 0.5)
    assert str(loss[1]) == "(8, nan)"
    assert found == {
        "l": [(0, 1.0), (1, 2.0), (2, 3.0)],
        "r/x": [(0, 1.0), (1, 2.0)],
        "r/y": [(0, 2.5), (1, 3.5)],
        "t/a": [(0, 1.0), (1, 2.0)],
    }
    below = list((tmp_path / "out" / parent.id / child.id).iterdir())
    assert [point.value for point in EventReader(str(below[0])).read()] == [1.0]
    export_to_tensorboard([parent], str(tmp_path / "flat"), recursive=False)
    assert not (tmp_path / "flat" / parent.id / child.id).exists()
    export_to_tensorboard(experiment, str(tmp_path / "all"))
    assert (tmp_path / "all" / parent.id).is_dir()


@pytest.mark.parametrize("wrong", [[], None, "tb_1", [1]])
def test_only_runs_are_shown(wrong):
    """A run's id in the place of a run is told at once, not as an empty board."""
    with pytest.raises(UserErrorException, match="such as experiment"):
        Tensorboard(wrong)
