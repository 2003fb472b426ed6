"""What all clients of nouns have in common."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from runyard.protocol import routes
from runyard.protocol.route import Route

PACKAGES = Path(__file__).resolve().parents[2] / "packages"

# An agent speaks these over a wire of its own, for it imports neither the table nor the records.
OF_AGENTS = {
    "JOBS_GET",
    "JOBS_REPORT",
    "JOBS_FINISH",
    "GANGS_JOIN",
    "GANGS_ORDERS",
    "COMMANDS_START",
    "COMMANDS_TAKE",
    "COMMANDS_GET",
    "COMMANDS_END",
    "PARALLEL_CUT",
    "PARALLEL_EXCHANGE",
    "PARALLEL_RESULTS",
    # Programs of backends speak this one, from machines where nothing of ours is installed.
    "SITES_EXCHANGE",
}


ROWS = {name for name, row in vars(routes).items() if isinstance(row, Route)}
OF_CLIENTS = (
    "runyard/sdk",
    "runyard/runtime",
    "runyard/distributed",
    "runyard_server/cli",
    "runyard_optuna",
    "azureml",
)


def _named(*folders: Path) -> dict[str, str]:
    """The rows that the code below some folders names, and a file that does."""
    paths = [path for folder in folders for path in folder.rglob("*.py")]
    return {
        found: path.name
        for path in paths
        for found in re.findall(r"\b[A-Z_]+\b", path.read_text("utf-8"))
        if found in ROWS
    }


def test_every_route_has_a_method() -> None:
    """Whoever adds a route finds out here that users cannot ask it yet."""
    assert ROWS - _named(PACKAGES / "runyard/src/runyard/client").keys() == OF_AGENTS


def test_whoever_asks_the_service_does_it_by_a_noun() -> None:
    """Paging, names and answers are worked out once, for the SDK and the command line alike."""
    folders = [next(PACKAGES.glob(f"*/src/{room}")) for room in OF_CLIENTS]
    assert _named(*folders) == {}


def test_a_noun_is_imported_when_it_is_used() -> None:
    """A command that lists runs does not wait for what models and datastores need."""
    program = (
        "import sys\n"
        "from runyard.client.workspace import WorkspaceClient\n"
        "client = WorkspaceClient(None, 'w')\n"
        "before = set(sys.modules)\n"
        "client.runs\n"
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith('runyard.client.')))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["runyard.client.paging", "runyard.client.runs"]
