"""The driver's half of a contestant that lives in a process of its own environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import trees
from peers import UV

ADAPTERS = Path(__file__).resolve().parent / "adapters"
QUIET = {
    "RAY_AUTH_MODE": "disabled",
    "RAY_USAGE_STATS_ENABLED": "0",
    "WANDB_MODE": "offline",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}


def plain() -> dict[str, str]:
    """The variables of the shell without those that change how a Python works."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("RUNYARD_", "PYTHON"))}


def environment(folder: Path, python: Path) -> dict[str, str]:
    """The variables of a contestant: a home of its own, its programs first on PATH."""
    home = folder / "runyard"
    # uv comes last: some peers call it.
    path = os.pathsep.join([str(python.parent), os.environ.get("PATH", ""), str(UV.parent)])
    return {**plain(), **QUIET, "RUNYARD_HOME": str(home), "PATH": path}


class Worker:
    """A running adapter; starts at the first order.

    Args:
        python: The interpreter of the contestant's environment.
        script: A file of `adapters/`.
        arguments: What the adapter takes.
    """

    def __init__(self, python: Path, script: str, *arguments: str) -> None:
        self._command = [str(python), str(ADAPTERS / script), *arguments]
        self._python = python
        self._process: subprocess.Popen[str] | None = None
        self.folder = Path()
        self._marks = 0

    def ask(self, order: str, **arguments: Any) -> dict[str, float]:
        """Send an order and wait for its figures.

        Raises:
            RuntimeError: The adapter died, or says that the work failed.
        """
        process = self._process or self._start()
        assert process.stdin is not None
        process.stdin.write(json.dumps({"order": order, **arguments}) + "\n")
        process.stdin.flush()
        return self._answer(process)

    def once(self) -> dict[str, float]:
        """One run."""
        return self.ask("once", mark=self.mark())

    def burst(self, count: int) -> dict[str, float]:
        """Many runs in a row."""
        return self.ask("burst", marks=[self.mark() for _ in range(count)])

    def mark(self) -> str:
        """The path of a file that one run shall write."""
        if self._process is None:
            self._start()
        self._marks += 1
        return str(self.folder / f"mark-{self._marks}")

    def close(self) -> None:
        """End the adapter and what it started, and remove its folder."""
        if self._process is None:
            return
        pids = trees.members(self._process.pid)
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        self._stop_service()
        trees.end([pid for pid in pids if trees.alive(pid)])
        shutil.rmtree(self.folder, ignore_errors=True)
        self._process = None

    def _start(self) -> subprocess.Popen[str]:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-"))
        log = (self.folder / "stderr.txt").open("w")
        self._process = subprocess.Popen(
            self._command,
            cwd=self.folder,
            env=environment(self.folder, self._python),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self._answer(self._process)
        return self._process

    def _answer(self, process: subprocess.Popen[str]) -> dict[str, float]:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            tail = (self.folder / "stderr.txt").read_text()[-1500:]
            raise RuntimeError(f"the adapter died: {tail}")
        answer: dict[str, Any] = json.loads(line)
        if "failure" in answer:
            raise RuntimeError(answer["failure"])
        return answer

    def _stop_service(self) -> None:
        file = self.folder / "runyard" / "service.json"
        if file.exists():
            trees.end([json.loads(file.read_text())["pid"]])
