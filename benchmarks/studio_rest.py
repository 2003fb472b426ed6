"""What the studio costs a service at rest: its memory with the studio's face and without, in turns.

    python benchmarks/studio_rest.py [TURNS]

Both are the same program, started by a few lines of which one leaves the face out of the list.
Memory is the proportional set size of the process, three seconds after its start.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import trees

from runyard_server.testing.services import RunningService

TURNS, SETTLE_SECONDS = 7, 3.0
WITHOUT = """
import runpy, sys, types
from runyard_server.faces import application
made = application.create_app
def without(system, bounds, faces):
    return made(system, bounds, faces[:1])
application.create_app = without
# Never loaded, so that what it imports costs nothing either.
face = types.ModuleType("runyard_server.faces.studio.face")
face.studio = lambda: None
sys.modules["runyard_server.faces.studio.face"] = face
"""
WITH = "import runpy\nfrom runyard_server.faces import application\n"
RUN = 'runpy.run_module("runyard_server.app", run_name="__main__", alter_sys=True)\n'


def main() -> None:
    """Measure in turns and print the medians and their difference."""
    turns = int(sys.argv[1]) if sys.argv[1:] else TURNS
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"with": WITH, "without": WITHOUT}
        for kind, text in kinds.items():
            (Path(folder) / f"served_{kind}.py").write_text(text + RUN)
        found: dict[str, list[float]] = {kind: [] for kind in kinds}
        for turn in range(turns + 1):
            for kind in kinds:
                home = Path(folder) / f"{kind}-{turn}"
                service = RunningService(home, (), {"PYTHONPATH": folder}, (f"served_{kind}",))
                service.start()
                time.sleep(SETTLE_SECONDS)
                assert service.process is not None
                memory = trees.memory_mb([service.process.pid])
                service.stop()
                # The first of each compiles what it loads.
                if turn:
                    found[kind].append(memory)
    more = [a - b for a, b in zip(found["with"], found["without"], strict=True)]
    print(
        f"with the studio {statistics.median(found['with']):.1f} MB, without "
        f"{statistics.median(found['without']):.1f} MB; more: median {statistics.median(more):.2f} "
        f"MB, {min(more):.2f} to {max(more):.2f}, {turns} turns"
    )


if __name__ == "__main__":
    main()
