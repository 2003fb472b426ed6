"""The official client, in an interpreter of its own for each line of its versions.

`peers/mlflow-<line>.in` says which, `peers/mlflow-<line>.txt` is the lock. A client is one process
for all scenarios of a session; see `driver`.
"""

import ast
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving.peers import python_of

HERE = Path(__file__).parent
LINES = ("3", "2")
GOLDEN = HERE / "golden.json"


class Client:
    """A client of one line.

    Args:
        process: The driver.
        folder: Where scenarios keep files.
    """

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._count = 0

    def see(self, scenario: str, url: str, token: str = "", **arguments: str) -> Any:
        """What the client sees in a scenario.

        Args:
            scenario: `<file>.<function>`.
            url: Where the server is.
            token: What it wants to be shown.
            **arguments: What the scenario is told.

        Raises:
            AssertionError: The scenario raised; with its traceback.
        """
        self._count += 1
        folder = self._folder / str(self._count)
        folder.mkdir()
        asked = {
            "scenario": scenario,
            "uri": url,
            "token": token,
            "folder": str(folder),
            "arguments": arguments,
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        told = json.loads(self._process.stdout.readline() or '{"error": "the client ended"}')
        assert "error" not in told, told["error"]
        return told["answer"]


@contextmanager
def running_client(line: str, folder: Path) -> Iterator[Client]:
    """Run a client for the time of a `with` block.

    Args:
        line: One of LINES, or one with `-frameworks` behind it.
        folder: A new folder for its files.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHON"))}
    with (folder / "client.out").open("w") as output:
        process = subprocess.Popen(
            [str(python_of(f"mlflow-{line}", HERE / "peers")), str(HERE / "driver.py")],
            cwd=folder,
            env={**kept, "HOME": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        try:
            yield Client(process, folder)
        finally:
            # Its input ends with the block, and with that the driver.
            with process:
                pass


def scenarios(line: str) -> list[str]:
    """The scenarios that a client of a line can play, by file and function."""
    found = []
    for file in sorted((HERE / "scenarios").glob("*.py")):
        if file.stem in ("__init__", "world"):
            continue
        # Read, not imported: only the client's own interpreter has what they import.
        tree = ast.parse(file.read_text("utf-8"))
        names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
        text = file.read_text("utf-8")
        if "OURS_ONLY = True" not in text and (line != "2" or "NEW_ONLY = True" not in text):
            found += [f"{file.stem}.{name}" for name in names if not name.startswith("_")]
    return found


def golden() -> dict[str, Any]:
    """What MLflow's own server answered, by scenario."""
    found: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    return found


def expected(scenario: str, line: str, known: dict[str, Any]) -> Any:
    """What a server answers in a scenario, of a line where that has an answer of its own."""
    return known.get(f"{scenario}@{line}", known[scenario])
