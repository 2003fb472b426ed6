"""Sweeps in a yard: begun, their children moved by hand, and looked at."""

import io
import json
import math
from typing import Any

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.sweeps import (
    CHOICE,
    MAXIMIZE,
    SWEEP_LOG,
    CreateSweep,
    Objective,
    ParameterSpec,
    SamplerSpec,
    SweepRecord,
    SweepSpec,
    TrialQuery,
    TrialRecord,
)
from runyard_server.operations import metrics, snapshots, sweeps
from runyard_server.testing.parts import store_text
from runyard_server.testing.yard import W, Yard, until

UNITS = ParameterSpec("--units", CHOICE, choices=[1, 2, 3, 4, 5, 6])
GRID = SamplerSpec("grid")


class Sweeping:
    """The words of a test about sweeps, over a yard."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.system = yard.system
        self.logged: list[str] = []

    def begin(self, pip: str = "", target: str = "local", **given: Any) -> str:
        """Begin a sweep over `units`; give its id."""
        entry = store_text(self.system, "train.py", "print(1)")
        snapshot = snapshots.create(self.system, W, body=CreateSnapshot([entry])).id
        definition = EnvironmentDefinition(pip=[pip] if pip else [])
        base = RunSpec(
            "exp",
            snapshot,
            "train.py",
            ["--data", "d"],
            target=target,
            environment=definition,
            definition={"arguments": ["--data", "d"]},
        )
        named = {"space": [UNITS], "objectives": [Objective("acc", MAXIMIZE)], "sampler": GRID}
        spec = SweepSpec("exp", base=base, **{**named, **given})
        body = CreateSweep(spec, inherited={"A": "B"})
        return sweeps.create(self.system, W, body=body).id

    def get(self, sweep: str) -> SweepRecord:
        """The sweep as clients see it."""
        return sweeps.get(self.system, W, sweep)

    def trials(self, sweep: str) -> list[TrialRecord]:
        """All trials of a sweep."""
        return sweeps.trials(self.system, W, sweep, TrialQuery()).items

    def states(self, sweep: str) -> list[str]:
        """The states of a sweep's trials."""
        return [each.state for each in self.trials(sweep)]

    def log(self, run: str, *values: float, name: str = "acc", step: int | None = None) -> None:
        """Log values of a metric, as the courier of a job brings them.

        Args:
            run: Id of the run.
            *values: The values.
            name: Name of the metric.
            step: The step of all of them.
        """
        lines = [
            {"n": name, "k": "scalar", "v": v, "s": step, "t": 1}
            if not math.isnan(v)
            else {"n": name, "k": "scalar", "v": "NaN", "s": step, "t": 1, "x": 1}
            for v in values
        ]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        metrics.append(self.system, W, run, "1-aa", query=SpoolQuery(), body=io.BytesIO(data))

    def run_all(self, sweep: str, values: dict[int, float]) -> SweepRecord:
        """Have each trial log its value and complete, until the sweep has ended."""
        done: set[int] = set()

        def step() -> bool:
            for trial in self.trials(sweep):
                handle = f"{trial.run}/0/1/job"
                if trial.number not in done and handle in self.yard.engine.agents:
                    assert trial.run is not None
                    if trial.number in values:
                        self.log(trial.run, values[trial.number])
                    self.yard.finish(trial.run)
                    done.add(trial.number)
            return self.get(sweep).status in TERMINAL

        until(step)
        return self.get(sweep)

    def text(self, sweep: str) -> str:
        """The log of a sweep."""
        return self.system.logs.path(W, sweep, SWEEP_LOG).read_text()
