"""B16: what a person waits for at a prompt: help, a list of runs, and the first use of all.

Every figure is taken from outside, as a new process, and beside it how many starts of bare Python
it is: of the same interpreter, measured in turns with it, so that a loaded machine slows both.
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import trees
from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import environment

if TYPE_CHECKING:
    from collections.abc import Callable

    import peers

REPEATS = 5
# Some peers take minutes for a pass; their figures are far from ours.
PEER_PASSES = 2
START_SECONDS = 120.0
FIRST_USE = "from runyard import Workspace; print(Workspace.from_config().name)"
A_RUN = (
    "from runyard import Experiment, Workspace\n"
    "run = Experiment(Workspace.from_config(), 'listed').start_logging(snapshot_directory=None)\n"
    "run.log('loss', 0.5); run.complete()"
)
MLFLOW_FIRST_USE = "import mlflow; print(mlflow.search_experiments()[0].name)"
MLFLOW_RUN = "import mlflow\nwith mlflow.start_run(): mlflow.log_metric('loss', 0.5)"


@dataclass
class Program:
    """A program at a prompt.

    Args:
        python: The interpreter of its environment.
        helps: Prints its help.
        lists: Lists runs, or what is nearest to it; None: it has nothing of the kind.
        shows: What the list must contain.
        first: A script that uses it for the first time in a new folder; "" for none.
        prepare: Makes what is listed, in the folder and with the variables of the program.
        variables: Further variables, from the folder.
    """

    python: Path
    helps: list[str]
    lists: list[str] | None = None
    shows: str = ""
    first: str = ""
    prepare: Callable[[Path, dict[str, str]], None] | None = None
    variables: Callable[[Path], dict[str, str]] = lambda _: {}
    folder: Path = field(default_factory=Path)

    def once(self) -> Figures:
        """Measure each of its commands, in turns with bare Python."""
        if self.folder == Path():
            self.folder = _new_folder()
            if self.prepare is not None:
                self.prepare(self.folder, self._variables(self.folder))
        figures = self._measured("help", self.helps, "sage")
        if self.lists is not None:
            figures |= self._measured("list", self.lists, self.shows)
        if self.first:
            figures |= self._measured("first", [str(self.python), "-c", self.first], "")
        return figures

    def close(self) -> None:
        """End what it started, and remove the folder."""
        if self.folder != Path():
            _end(self.folder)

    def _variables(self, folder: Path) -> dict[str, str]:
        found = environment(folder, self.python)
        return {**found, "HOME": str(folder), "COLUMNS": "80", **self.variables(folder)}

    def _measured(self, name: str, command: list[str], expected: str) -> Figures:
        """The seconds of a command, and how many starts of bare Python they are."""
        bare, took = [], []
        for _ in range(REPEATS):
            folder = _new_folder() if name == "first" else self.folder
            variables = self._variables(folder)
            bare.append(_timed([str(self.python), "-c", "pass"], folder, variables, ""))
            took.append(_timed(command, folder, variables, expected))
            if name == "first":
                _end(folder)
        seconds = statistics.median(took)
        return {name: seconds, f"{name}_times": seconds / statistics.median(bare)}


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    programs = [("bare Python", LIMIT, _bare(ours)), ("Runyard", OURS, _runyard(ours))]
    makers = {"mlflow": _mlflow, "wandb": _wandb, "ray": _ray, "dstack": _dstack}
    for name, make in makers.items():
        if name in installed:
            programs.append((f"{name} ({installed[name].version})", PEER, make(installed[name])))
    return Benchmark(
        "B16",
        "At the prompt",
        "`--help`; a list of runs (`runyard runs list` with a service that runs, `mlflow runs "
        "list` on SQLite without one, `ray status` with a cluster that runs); and the first use of "
        "all in a new folder (`Workspace.from_config()`, which makes a state folder and starts a "
        "service; `mlflow.search_experiments()`, which makes a database). Seconds of the whole "
        "process, and how many starts of bare Python (`python -c pass`) that is, in the same run.",
        [
            Quantity("help", "--help", "s"),
            Quantity("help_times", "--help", "starts", "at most 12 starts", plotted=True),
            Quantity("list", "list", "s"),
            Quantity("list_times", "list", "starts", "at most 20 starts", plotted=True),
            Quantity("first", "first use", "s"),
            Quantity("first_times", "first use", "starts", "at most 25 starts", plotted=True),
        ],
        [
            Case(name, kind, program.once, program.close, PEER_PASSES if kind == PEER else 0)
            for name, kind, program in programs
        ],
    )


def _bare(peer: peers.Peer) -> Program:
    python = str(peer.python)
    nothing = "print('usage')"
    return Program(peer.python, [python, "-c", nothing], [python, "-c", nothing], "", nothing)


def _runyard(peer: peers.Peer) -> Program:
    def prepare(folder: Path, variables: dict[str, str]) -> None:
        _run([str(peer.python), "-c", A_RUN], folder, variables)

    command = peer.program("runyard")
    listing = [command, "runs", "list"]
    return Program(peer.python, [command, "--help"], listing, "loss=0.5", FIRST_USE, prepare)


def _mlflow(peer: peers.Peer) -> Program:
    def prepare(folder: Path, variables: dict[str, str]) -> None:
        _run([str(peer.python), "-c", MLFLOW_RUN], folder, variables)

    def variables(folder: Path) -> dict[str, str]:
        return {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db"}

    command = peer.program("mlflow")
    listing = [command, "runs", "list", "--experiment-id", "0"]
    return Program(
        peer.python, [command, "--help"], listing, "ID", MLFLOW_FIRST_USE, prepare, variables
    )


def _wandb(peer: peers.Peer) -> Program:
    return Program(peer.python, [peer.program("wandb"), "--help"])


def _dstack(peer: peers.Peer) -> Program:
    return Program(peer.python, [peer.program("dstack"), "--help"])


def _ray(peer: peers.Peer) -> Program:
    command = peer.program("ray")

    def prepare(folder: Path, variables: dict[str, str]) -> None:
        words = [command, "start", "--head", "--include-dashboard=false", "--temp-dir"]
        _run([*words, str(folder / "ray")], folder, variables)

    return Program(peer.python, [command, "--help"], [command, "status"], "node", "", prepare)


def _timed(command: list[str], folder: Path, variables: dict[str, str], expected: str) -> float:
    begun = time.perf_counter()
    said = _run(command, folder, variables)
    seconds = time.perf_counter() - begun
    if expected not in said:
        raise RuntimeError(f"{command[0]} printed {said[-300:]!r}")
    return seconds


def _run(command: list[str], folder: Path, variables: dict[str, str]) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr[-300:]}")
    return done.stdout


def _new_folder() -> Path:
    # Short, because some programs put sockets there.
    return Path(tempfile.mkdtemp(prefix="b16-", dir="/tmp"))


def _end(folder: Path) -> None:
    """End the service of a folder and whatever else was started with it, and remove it."""
    record = folder / "runyard" / "service.json"
    started = [json.loads(record.read_text())["pid"]] if record.exists() else []
    trees.end(started + trees.mentioning(str(folder)))
    shutil.rmtree(folder, ignore_errors=True)
