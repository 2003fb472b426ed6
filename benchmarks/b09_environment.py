"""B9, warm part: the same environment once more; how long until the script's first line."""

from __future__ import annotations

import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import ADAPTERS, Worker, plain

PACKAGES = ("numpy", "requests")


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    cases = [Case("bare script, environment made by hand", LIMIT, _ByHand(ours.python).once)]
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "submit_runyard.py", *PACKAGES)
        cases.append(Case(name, kind, worker.once, worker.close))
    cases += [
        Case("uv run --with", PEER, partial(_uv_run, ours.python)),
        Case("pip in a new venv, warm cache", PEER, partial(_pip, ours.python)),
    ]
    for name, script, arguments, label in (
        ("mlflow", "submit_mlflow.py", ["call", "uv"], "mlflow.projects.run, uv, in process"),
        ("mlflow", "submit_mlflow.py", ["command", "uv"], "mlflow run --env-manager uv"),
        ("ray", "submit_ray.py", [], "ray job, runtime_env uv"),
    ):
        if name in installed:
            peer = installed[name]
            other = Worker(peer.python, script, *arguments, *PACKAGES)
            cases.append(Case(f"{label} ({peer.version})", PEER, other.once, other.close))
    return Benchmark(
        "B9",
        "Environment, warm",
        f"A run that asks for {' and '.join(PACKAGES)} in an environment that an earlier run "
        "asked for too. The first pass makes it and does not count.",
        [
            Quantity("first_line", "submit to first line", "s", plotted=True),
            Quantity("preparing", "of it: accepted to environment ready", "s", "at most 0.05 s"),
        ],
        cases,
    )


class _ByHand:
    """The script in an environment that is already there: what no system can beat."""

    def __init__(self, python: Path) -> None:
        self._python = python
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def once(self) -> Figures:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory()
            venv = Path(self._folder.name, "venv")
            _call(str(peers.UV), "venv", "--python", str(self._python), str(venv))
            inside = str(venv / "bin/python")
            _call(
                str(peers.UV), "pip", "install", "--compile-bytecode", "--python", inside, *PACKAGES
            )
        return _timed([str(Path(self._folder.name, "venv/bin/python"))])


def _uv_run(python: Path) -> Figures:
    wanted = [word for package in PACKAGES for word in ("--with", package)]
    command = [str(peers.UV), "run", "--quiet", "--no-project", "--python", str(python)]
    return _timed([*command, *wanted, "python"])


def _pip(python: Path) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder, "venv")
        start = time.time()
        _call(str(python), "-m", "venv", str(venv))
        _call(str(venv / "bin/pip"), "install", "--quiet", *PACKAGES)
        return _timed([str(venv / "bin/python")], start)


def _timed(python: list[str], start: float | None = None) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder, "mark")
        begun = start or time.time()
        _call(*python, str(ADAPTERS / "nothing.py"), str(mark), *PACKAGES)
        return {"first_line": float(mark.read_text()) - begun}


def _call(*command: str) -> None:
    done = subprocess.run(
        command, cwd="/", env=plain(), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-300:]}")
