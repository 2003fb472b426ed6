"""What all clients of nouns have in common."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import runyard.client
from runyard.protocol import routes

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
}


def test_every_route_has_a_method() -> None:
    """Whoever adds a route finds out here that users cannot ask it yet."""
    folder = Path(next(iter(runyard.client.__path__)))
    texts = "\n".join(path.read_text("utf-8") for path in folder.glob("*.py"))
    spoken = set(re.findall(r"\broutes\.([A-Z_]+)\b", texts))
    there = {name for name, row in vars(routes).items() if isinstance(row, routes.Route)}
    assert there - spoken == OF_AGENTS


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
