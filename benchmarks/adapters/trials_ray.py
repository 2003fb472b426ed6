"""Makes trials with Ray Tune, on as many processors as there are threads."""

from __future__ import annotations

import os
import time
from pathlib import Path

import ray
from ray import tune
from serve import serve

os.environ["TUNE_DISABLE_AUTO_CALLBACK_LOGGERS"] = "1"
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)


def objective(config: dict) -> dict:
    """Sleep for a millisecond."""
    time.sleep(0.001)
    return {"loss": config["x"]}


def loop(trials: int, threads: int) -> dict:
    """Make trials; all must be in the results afterwards."""
    space = {
        "x": tune.uniform(0, 1),
        "lr": tune.loguniform(1e-5, 1e-1),
        "kind": tune.choice(["a", "b", "c"]),
    }
    config = tune.TuneConfig(
        num_samples=trials, metric="loss", mode="min", max_concurrent_trials=threads
    )
    run = tune.RunConfig(storage_path=str(Path.cwd() / "results"), verbose=0)
    start = time.perf_counter()
    results = tune.Tuner(objective, param_space=space, tune_config=config, run_config=run).fit()
    seconds = time.perf_counter() - start
    if len(results) != trials or results.num_errors:
        raise RuntimeError("not all trials have a result")
    return {"rate": trials / seconds}


serve({"loop": loop})
