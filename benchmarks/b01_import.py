"""B1: what a script pays for its import line, as a new process each time."""

from __future__ import annotations

import subprocess
import tempfile
import time
from functools import partial

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import plain

# A module, what is taken from it, and how that is called. Names are loaded on first use,
# so what most scripts begin with is measured too.
_SCRIPT = "Workspace, Experiment, Run"
_OURS = (
    ("runyard", "", "import runyard"),
    ("azureml.core", "", "import azureml.core (Runyard)"),
    ("azureml.core", _SCRIPT, f"from azureml.core import {_SCRIPT} (Runyard)"),
)

_PEERS = {
    "mlflow-skinny": "mlflow",
    "mlflow": "mlflow",
    "wandb": "wandb",
    "trackio": "trackio",
    "ray": "ray",
    "azureml-core": "azureml.core",
}


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    cases = [
        Case("bare Python", LIMIT, partial(_once, str(ours.python), "sys")),
    ]
    for module, names, name in _OURS:
        cases += [
            Case(label, kind, partial(_once, str(peer.python), module, names))
            for label, kind, peer in peers.of_ours(name, ours, installed)
        ]
    for name, module in _PEERS.items():
        if name in installed:
            peer = installed[name]
            label = f"import {module} ({name} {peer.version})"
            cases.append(Case(label, PEER, partial(_once, str(peer.python), module)))
    return Benchmark(
        "B1",
        "Importing",
        "A new Python process that imports the package and exits.",
        [
            Quantity(
                "seconds",
                "process time",
                "s",
                "azureml.core at most 0.03 s over bare Python",
                plotted=True,
            )
        ],
        cases,
    )


def _once(python: str, module: str, names: str = "") -> Figures:
    wanted = f"from {module} import {names}" if names else f"import {module}"
    code = f"{wanted}; import sys; print(sys.modules[{module!r}].__name__)"
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        done = subprocess.run(
            [python, "-c", code],
            cwd=folder,
            env=plain(),
            capture_output=True,
            text=True,
            check=True,
        )
        seconds = time.perf_counter() - begun
    if done.stdout.split()[-1] != module:
        raise RuntimeError(f"imported {done.stdout!r}, not {module}")
    return {"seconds": seconds}
