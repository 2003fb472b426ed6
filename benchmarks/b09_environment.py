"""B9: the same environment once more, one that is new, one with a package changed, four at once.

What is measured is the time until the script's first line. Where something is to be made, each pass
asks for what no pass before it asked for; the files are in the caches, but for a cold start, whose
caches are empty.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import ADAPTERS, Worker, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PACKAGES = ("numpy", "requests")
# The first pass fetches each version of both, together; each further one takes a pair that is new.
_IDNA = ("3.4", "3.6", "3.7")
_CERTIFI = ("2023.7.22", "2024.2.2", "2024.7.4")
_NEW = len(_IDNA) * len(_CERTIFI) - len(_IDNA)
AT_ONCE = 4


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


def changed(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """One package of an environment in another version, for one run and for four at once."""
    cases = [_changing("uv venv, uv pip install", LIMIT, partial(_uv_environment, ours.python))]
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        worker = Worker(peer.python, "submit_runyard.py", *PACKAGES)
        cases.append(_changing(name, kind, partial(_ours_changed, worker), worker))
        worker = Worker(peer.python, "submit_runyard.py", *PACKAGES)
        told = f"{name}, {AT_ONCE} runs at once"
        cases.append(_changing(told, kind, partial(_at_once, worker), worker))
    cases.append(_changing("pip in a new venv", PEER, lambda wanted: _pip(ours.python, *wanted)))
    for name, script, arguments, label in (
        ("mlflow", "submit_mlflow.py", ["command", "uv"], "mlflow run --env-manager uv"),
        ("ray", "submit_ray.py", [], "ray job, runtime_env uv"),
    ):
        if name in installed:
            peer = installed[name]
            once = partial(_anew, peer.python, script, arguments)
            cases.append(_changing(f"{label} ({peer.version})", PEER, once))
    return Benchmark(
        "B9-changed",
        "Environment, one package changed",
        f"The environment of {' and '.join(PACKAGES)} with another version of one of the packages "
        "that these need, which no run had before; the files of all are in each one's cache.",
        [
            Quantity(
                "first_line",
                "submit to first line",
                "s",
                "at most uv + 10 %",
                plotted=True,
                paired=True,
            ),
            Quantity("preparing", "of it: accepted to environment ready", "s"),
            Quantity("made", "environments made", "", "one"),
        ],
        cases,
    )


def cold(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The first environment of a machine that has never made one."""
    cases = [Case("uv venv, uv pip install", LIMIT, partial(_uv_cold, ours.python))]
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        cases.append(
            Case(name, kind, partial(_anew, peer.python, "submit_runyard.py", [], PACKAGES))
        )
    cases.append(
        Case("pip in a new venv", PEER, partial(_pip, ours.python, "--no-cache-dir", *PACKAGES))
    )
    return Benchmark(
        "B9-cold",
        "Environment, cold",
        f"{' and '.join(PACKAGES)} in a new state folder with empty caches: most of it is the "
        "network, from which each contestant fetches the same files in each pass.",
        [Quantity("first_line", "submit to first line", "s", plotted=True, paired=True)],
        cases,
    )


def _changing(
    name: str, kind: str, make: Callable[[Sequence[str]], Figures], worker: Worker | None = None
) -> Case:
    close = (lambda: None) if worker is None else worker.close
    return Case(name, kind, _Changing(make), close, passes=_NEW)


class _Changing:
    """What it calls gets other packages each time, the first time those of each version in turn.

    Args:
        make: Runs a script with packages; gives the figures.
    """

    def __init__(self, make: Callable[[Sequence[str]], Figures]) -> None:
        self._make = make
        pairs = [(a, b) for a in _IDNA for b in _CERTIFI]
        same = list(zip(_IDNA, _CERTIFI, strict=True))
        self._first = [self._wanted(*each) for each in same]
        self._others = [self._wanted(*each) for each in pairs if each not in same]

    def __call__(self) -> Figures:
        if self._first:
            told = [self._make(each) for each in self._first]
            self._first = []
            return told[-1]
        return self._make(self._others.pop())

    @staticmethod
    def _wanted(idna: str, certifi: str) -> tuple[str, ...]:
        return (*PACKAGES, f"idna=={idna}", f"certifi=={certifi}")


def _ours_changed(worker: Worker, wanted: Sequence[str]) -> Figures:
    return worker.ask("once", mark=worker.mark(), changed=list(wanted))


def _at_once(worker: Worker, wanted: Sequence[str]) -> Figures:
    marks = [worker.mark() for _ in range(AT_ONCE)]
    return worker.ask("together", marks=marks, changed=list(wanted))


def _anew(python: Path, script: str, arguments: Sequence[str], wanted: Sequence[str]) -> Figures:
    """In a contestant that is started for it, which does not count."""
    worker = Worker(python, script, *arguments, *wanted)
    try:
        return worker.once()
    finally:
        worker.close()


def _uv_environment(python: Path, wanted: Sequence[str], *options: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        venv, start = Path(folder, "venv"), time.time()
        inside = str(venv / "bin/python")
        _call(str(peers.UV), "venv", *options, "--python", str(python), str(venv))
        _call(str(peers.UV), "pip", "install", *options, "--python", inside, *wanted)
        return _timed([inside], start)


def _uv_cold(python: Path) -> Figures:
    with tempfile.TemporaryDirectory() as cache:
        return _uv_environment(python, PACKAGES, "--cache-dir", cache)


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


def _pip(python: Path, *wanted: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder, "venv")
        start = time.time()
        _call(str(python), "-m", "venv", str(venv))
        _call(str(venv / "bin/pip"), "install", "--quiet", *(wanted or PACKAGES))
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
