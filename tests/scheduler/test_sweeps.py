"""Sweeps whose trials are runs: begun, watched, stopped and ended, whatever happens meanwhile."""

import io
import json
import math
from typing import Any

import pytest

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
from runyard_server.operations import metrics, runs, snapshots, sweeps
from runyard_server.testing.parts import store_text
from runyard_server.testing.yard import W, Yard, until

UNITS = ParameterSpec("--units", CHOICE, choices=[1, 2, 3, 4, 5, 6])
GRID = SamplerSpec("grid")


class Sweeping:
    """The words of a test about sweeps, over a yard."""

    def __init__(self, yard: Yard) -> None:
        self.yard = yard
        self.system = yard.system

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
        return sweeps.get(self.system, W, sweep)

    def trials(self, sweep: str) -> list[TrialRecord]:
        return sweeps.trials(self.system, W, sweep, TrialQuery()).items

    def states(self, sweep: str) -> list[str]:
        return [each.state for each in self.trials(sweep)]

    def log(self, run: str, *values: float, name: str = "acc", first: int = 0) -> None:
        """Log values of a metric, as the courier of a job brings them."""
        lines = [
            {"n": name, "k": "scalar", "v": v, "s": None, "t": 1}
            if not math.isnan(v)
            else {"n": name, "k": "scalar", "v": "NaN", "s": None, "t": 1, "x": 1}
            for v in values
        ]
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        metrics.append(
            self.system, W, run, f"1-{name}", query=SpoolQuery(first), body=io.BytesIO(data)
        )

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


@pytest.fixture
def sweeping(yard: Yard) -> Sweeping:
    return Sweeping(yard)


def test_a_grid_runs_to_its_end(sweeping: Sweeping) -> None:
    """Each point is a child run with its arguments; the sweep ends as the best says."""
    sweep = sweeping.begin(parallel=2)
    ended = sweeping.run_all(sweep, {0: 0.1, 1: 0.9, 2: 0.3, 3: 0.0, 4: 0.5, 5: 0.9})
    assert (ended.status, ended.counts) == ("Completed", {"completed": 6})
    assert ended.best is not None
    assert (ended.best.number, ended.best.values) == (1, [0.9])
    assert [each.params for each in sweeping.trials(sweep)] == [
        {"--units": n} for n in UNITS.choices
    ]
    spec = runs.spec(sweeping.system, W, f"{sweep}_3")
    assert spec.arguments == ["--data", "d", "--units", "4"]
    assert spec.definition["arguments"] == spec.arguments
    child = sweeping.yard.get(f"{sweep}_3")
    assert (child.parent, child.run_type, child.status) == (
        sweep,
        "azureml.scriptrun",
        "Completed",
    )
