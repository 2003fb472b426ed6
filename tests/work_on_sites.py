"""Runs, a sweep and an endpoint that need nothing but this interpreter, for every site's tests."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from runyard_server.testing.serving import ask

TRIAL = """
import argparse
from azureml.core import Run
parser = argparse.ArgumentParser()
parser.add_argument("--rate", type=float)
rate = parser.parse_args().rate
Run.get_context().log("loss", (rate - 0.3) ** 2)
"""


def plain() -> Any:
    """An environment that is this interpreter."""
    from azureml.core import Environment

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return environment


def submitted(
    folder: Path,
    target: Any,
    text: str,
    *,
    nodes: int | None = None,
    retries: int = 0,
    variables: dict[str, str] | None = None,
    wrap: Callable[[Any], Any] = lambda config: config,
    **more: Any,
) -> Any:
    """Submit a script that needs nothing but this interpreter.

    Args:
        folder: Where the script is written.
        target: The cluster, or its name.
        text: The script.
        nodes: How many nodes it gets; None: what the configuration says.
        retries: How often it may begin anew.
        variables: Variables of its environment.
        wrap: Makes what is submitted of the configuration.
        **more: Further settings of the configuration.
    """
    from azureml.core import Experiment, ScriptRunConfig, Workspace

    source = folder / "source"
    source.mkdir(exist_ok=True)
    (source / "train.py").write_text(text)
    given = {"compute_target": target, "environment": plain(), **more}
    if variables is not None:
        given["environment"].environment_variables = variables
    config = ScriptRunConfig(str(source), "train.py", **given)
    if nodes is not None:
        config.run_config.node_count = nodes
    config.run_config.max_retries = retries
    return Experiment(Workspace.from_config(), "on-sites").submit(wrap(config))


def sweep_of(config: Any) -> Any:
    """Three trials of `TRIAL` at once, of which the one with the rate 0.3 is the best."""
    from azureml.train.hyperdrive import (
        GridParameterSampling,
        HyperDriveConfig,
        PrimaryMetricGoal,
        choice,
    )

    return HyperDriveConfig(
        hyperparameter_sampling=GridParameterSampling({"--rate": choice(0.1, 0.3, 0.5)}),
        primary_metric_name="loss",
        primary_metric_goal=PrimaryMetricGoal.MINIMIZE,
        max_total_runs=3,
        max_concurrent_runs=3,
        run_config=config,
    )


@contextmanager
def answered(folder: Path, target: str, score: str) -> Iterator[Any]:
    """Serve a script on a target and call it with the text `7`.

    Args:
        folder: Where the script is written.
        target: Name of the target.
        score: The script.

    Yields:
        What its `run` returned, while the endpoint is still there.
    """
    from runyard import Endpoint, Workspace

    path = folder / "score" / "score.py"
    path.parent.mkdir()
    path.write_text(score)
    given = {"script": str(path), "environment": plain(), "target": target}
    made = Endpoint.deploy(Workspace.from_config(), "served", **given)
    try:
        made.wait(timeout=60)
        port, key = int(made.address.rpartition(":")[2]), made.keys()[0]
        answer = ask(port, body="7", key=key)
        assert answer.status == 200, answer
        yield json.loads(answer.body)
    finally:
        # The gateway and the replica would outlive the service.
        made.delete()
