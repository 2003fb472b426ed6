"""Makes trials with Optuna; argv: which storage."""

from __future__ import annotations

import itertools
import sys
import time

from optuna.storages.journal import JournalFileBackend
from serve import serve

import optuna

storage = sys.argv[1]
optuna.logging.set_verbosity(optuna.logging.WARNING)
numbers = itertools.count()


def objective(trial: optuna.Trial) -> float:
    """Sleep for a millisecond."""
    x = trial.suggest_float("x", 0, 1)
    trial.suggest_float("lr", 1e-5, 1e-1, log=True)
    trial.suggest_categorical("kind", ["a", "b", "c"])
    time.sleep(0.001)
    return x


def _made() -> object:
    number = next(numbers)
    if storage == "journal":
        return optuna.storages.JournalStorage(JournalFileBackend(f"journal-{number}.log"))
    return f"sqlite:///study-{number}.db" if storage == "sqlite" else None


def loop(trials: int, threads: int) -> dict:
    """Make trials; all must be in the study afterwards."""
    start = time.perf_counter()
    study = optuna.create_study(storage=_made(), sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(objective, n_trials=trials, n_jobs=threads)
    seconds = time.perf_counter() - start
    if len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) != trials:
        raise RuntimeError("not all trials are complete")
    return {"rate": trials / seconds}


serve({"loop": loop})
