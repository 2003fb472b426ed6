"""What the scheduler's decisions, turns, looks and a restart cost, at sizes up to a data centre's.

    python benchmarks/scheduling.py [NODES ...]

Each size is simulated in a process of its own, with ten queued runs a node: the service's own
scheduler and store, and nodes, agents and time that are not there (`runyard_server.testing.
simulation`). Rewrites the table and the charts of docs/scale.md.
"""

from __future__ import annotations

import json
import logging
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import machine
import plot

from runyard_server.testing.simulated_figures import measure
from runyard_server.testing.simulated_runs import Shape
from runyard_server.testing.simulation import Simulation

SIZES = (300, 1000, 3000, 10_000)
# Ten times what is measured last: told by the slope between the last two.
TIMES = 10
DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGE = DOCS / "scale.md"
SECTION = "<!-- scale: written by benchmarks/scheduling.py -->\n{text}<!-- end of scale -->"
COLUMNS = {
    "nodes": ("nodes", "{:,.0f}"),
    "queued": ("runs in the queue", "{:,.0f}"),
    "intake": ("decisions/s while all come", "{:,.0f}"),
    "intake_cpu": ("the same for a second of CPU time", "{:,.0f}"),
    "steady": ("decisions/s while runs end and begin", "{:,.0f}"),
    "steady_cpu": ("the same for a second of CPU time", "{:,.0f}"),
    "per_turn": ("decisions of such a turn", "{:.0f}"),
    "steady_turn": ("such a turn (ms)", "{:.1f}"),
    "idle_turn": ("a turn for nothing (ms)", "{:.1f}"),
    "observe": ("a look at all agents (ms)", "{:.1f}"),
    "blind_observe": ("the same where beats alone tell (ms)", "{:.1f}"),
    "restart": ("a restart (ms)", "{:.0f}"),
    "run_cpu": ("a run's whole life (ms)", "{:.1f}"),
    "beat": ("a beat without HTTP (ms)", "{:.2f}"),
    "memory": ("memory (MiB)", "{:.0f}"),
    "database": ("database (MiB)", "{:.0f}"),
}
SECONDS = ("steady_turn", "idle_turn", "observe", "blind_observe", "restart")
COSTS = {
    "restart": ("restart", "#dc2626"),
    "observe": ("look at all agents", "#2563eb"),
    "idle_turn": ("turn for nothing", "#16a34a"),
}
RATES = {
    "intake_cpu": ("while all come", "#2563eb"),
    "steady_cpu": ("while runs end and begin", "#16a34a"),
}


def main(sizes: list[int]) -> None:
    """Measure all sizes and write them down."""
    found, before = [], machine.load()
    for nodes in sizes:
        command = [sys.executable, __file__, "--one", str(nodes)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found.append(json.loads(told))
        print(told, flush=True)
    write(found, before)


def one(nodes: int) -> None:
    """Measure one size and print its figures."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        simulation = Simulation(Path(folder), Shape(nodes=nodes, runs=TIMES * nodes))
        print(json.dumps(measure(simulation).record()))
        simulation.close()


def write(found: list[dict[str, float]], before: str) -> None:
    """Put the table in its place on the page, and the charts beside it."""
    circumstances = (
        f"{machine.now()}, {machine.describe()}; load before {before}, after {machine.load()}; "
        f"Python {platform.python_version()}."
    )
    text = "\n".join([*_table(found), "", circumstances, ""])
    page = PAGE.read_text(encoding="utf-8")
    pattern = re.compile(SECTION.format(text="(?s:.*?)"))
    PAGE.write_text(pattern.sub(lambda _: SECTION.format(text=text), page), encoding="utf-8")
    for name, title, unit, rows in (
        ("costs", "What grows with the queue and the nodes", "s", COSTS),
        ("rates", "Decisions for a second of CPU time", "/s", RATES),
    ):
        chart = plot.lines(
            title, "runs in the queue", unit, _lines(found, rows, beyond=unit == "s")
        )
        (DOCS / "benchmarks" / f"scale-{name}.svg").write_text(chart)


def _table(found: list[dict[str, float]]) -> list[str]:
    lines = ["|  |" + "".join(" |" for _ in found), "| --- |" + " ---: |" * len(found)]
    for name, (title, form) in COLUMNS.items():
        times = 1000 if name in SECONDS else 1
        cells = " | ".join(form.format(each[name] * times) for each in found)
        lines.append(f"| {title} | {cells} |")
    return lines


def _lines(
    found: list[dict[str, float]], rows: dict[str, tuple[str, str]], *, beyond: bool
) -> list[plot.Line]:
    """The lines of a chart; those of costs go on to ten times as much."""
    lines = []
    for name, (title, colour) in rows.items():
        points = [(each["queued"], each[name]) for each in found]
        lines.append(plot.Line("" if beyond else title, points, colour))
        if beyond:
            (x0, y0), (x1, y1) = points[-2:]
            end = TIMES * x1, y1 + (y1 - y0) / (x1 - x0) * (TIMES * x1 - x1)
            lines.append(plot.Line(title, [points[-1], end], colour, expected=True))
    return lines


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(int(sys.argv[2]))
    else:
        main([int(each) for each in sys.argv[1:]] or list(SIZES))
