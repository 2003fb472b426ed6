"""Read by the type checker only: the native names are real classes, not Any.

Each line marked `attr-defined` must be an error: with `warn_unused_ignores` (a part of strict) the
type checker fails where it is none, as it would be if the names were Any again.
"""

from typing import Any

import runyard.optuna
from runyard import (
    Endpoint,
    Environment,
    Experiment,
    Input,
    Model,
    Output,
    Pipeline,
    PipelineRun,
    Run,
    ScriptRunConfig,
    Sweep,
    SweepRun,
    Workspace,
    asha,
    choice,
    loguniform,
    script_step,
    search_runs,
    step,
)


def logs(workspace: Workspace) -> Run:
    """The README's first script, and what an editor completes after the dot."""
    run: Run = Experiment(workspace, "first-steps").start_logging()
    run.log("accuracy", 0.97)
    run.complete()
    metrics: dict[str, Any] = run.get_metrics()
    model: Model = run.register_model("m", model_path="outputs/model")
    name: str = model.name
    best: list[Run] = search_runs("metrics.accuracy > 0.9", "metrics.accuracy DESC")
    parameters: dict[str, str] = best[0].get_parameters()
    del metrics, name, parameters
    return run


def tunes(workspace: Workspace, config: ScriptRunConfig) -> float | None:
    """A sweep over a script, and what its run tells."""
    space = {"lr": loguniform(1e-4, 1e-1), "opt": choice("sgd", "adam")}
    sweep = Sweep(space, {"acc": "maximize"}, policy=asha(max_steps=81), max_trials=20)
    run = Experiment(workspace, "tune").submit(sweep.over(config))
    assert isinstance(run, SweepRun)
    best = run.best
    winner: Run | None = run.best_run
    decides: dict[str, float] = run.importance()
    del winner, decides
    return None if best is None else best.best


def serves(workspace: Workspace, model: Model) -> list[str]:
    """An endpoint from its first line to its last."""
    endpoint: Endpoint = Endpoint.deploy(workspace, "digits", model).wait(show_output=True)
    endpoint.traffic = {"main": 90, "candidate": 10}
    shares: dict[str, int] = endpoint.update(model="digits:2").traffic
    opens: tuple[str, str] = endpoint.keys()
    del shares, opens
    return list(workspace.endpoints)


@step(environment=Environment("own"), target="cluster", outputs="model")
def trains(clean: Input, model: Output, lr: float) -> None:
    """What a step is given are paths, and values of the types that it says."""
    text: str = (clean / "numbers.txt").read_text()
    (model / "weights.txt").write_text(text * int(lr))


@step
def plain(clean: Input) -> None:
    """A step without settings."""
    del clean


def pipes(experiment: Experiment) -> PipelineRun:
    """A pipeline of functions, what it would reuse, and what its steps have made."""
    show = script_step("show.py", inputs=["model"])
    with Pipeline(experiment, "nightly", max_parallel=2) as p:
        trained = trains(p.parameter("clean", "raw"), lr=p.parameter("lr", 0.1))
        show(trained.model).after(plain(trained.model))
    reused: list[str] = p.plan().reused
    run: PipelineRun = p.submit({"lr": 0.2}, reuse=False).wait(timeout_seconds=60)
    count: int = run.step("trains", 0).outputs["model"].download("here")
    # Beside the step there is the function itself, with its own signature.
    trains.function(Input("a"), Output("b"), lr=0.1)
    next_at: str | None = p.schedule("0 3 * * *", overlap="queue").next_at
    del reused, count, next_at
    return p.publish(version="1").submit(experiment=experiment)


def studies(workspace: Workspace) -> runyard.optuna.Storage:
    """The storage of Optuna's studies, where that distribution is installed."""
    return runyard.optuna.Storage(workspace, name="vision")


def mistakes(workspace: Workspace, run: Run, environment: Environment) -> None:
    """Misspelt names are told before the script runs."""
    run.lgo("accuracy", 0.97)  # type: ignore[attr-defined]
    workspace.experimets  # type: ignore[attr-defined]  # noqa: B018 - read by the checker only
    environment.regster(workspace)  # type: ignore[attr-defined]
    workspace.endpoints["digits"].predcit([])  # type: ignore[attr-defined]
    Sweep({}, {}).ovre(environment)  # type: ignore[attr-defined]
    runyard.optuna.Storage(workspace, nam="vision")  # type: ignore[call-arg]
    ScriptRunConfig("", "train.py").nothing()  # type: ignore[attr-defined]
    trains.function(Input("a"), Output("b"), lr="much")  # type: ignore[arg-type]
    step(environment="own")  # type: ignore[call-overload]
    Pipeline("nightly").sumbit()  # type: ignore[attr-defined]
