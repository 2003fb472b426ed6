"""Optuna studies whatever is killed: the service, and processes in the middle of a trial."""

import json
import os
import random
import signal
import time

import pytest

pytestmark = pytest.mark.slow

WORKERS = """
import os, random, sys, time, optuna, runyard.optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
storage = runyard.optuna.Storage()
study = optuna.create_study(storage=storage, study_name="s", load_if_exists=True)
pids = []
for place in range(4):
    pid = os.fork()
    if pid:
        pids.append(pid)
        continue
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        with open(f"made-{os.getpid()}", "a") as file:
            print(trial.number, x, file=file)
        time.sleep(0.02)
        return x
    sampler = optuna.samplers.RandomSampler(seed=place)
    # The first does not come to its end: it is killed.
    count = 40 if place else 10_000
    optuna.load_study(study_name="s", storage=storage, sampler=sampler).optimize(objective, count)
    os._exit(0)
open("some", "w").write(" ".join(map(str, pids)))
os.rename("some", "pids")
codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
print(codes)
"""


def test_kills_lose_and_double_nothing(yard):
    """Trials of those who live are all there, and a killed process leaves one that runs at most."""
    chance = random.Random(9)
    workers = yard.client(WORKERS)
    yard.until((yard.folder / "pids").exists, "no workers")
    pids = [int(each) for each in (yard.folder / "pids").read_text().split()]
    for kill in (yard.kill_service, lambda: os.kill(pids[0], signal.SIGKILL), yard.kill_service):
        time.sleep(chance.uniform(0.2, 0.8))
        kill()
    said, _ = workers.communicate(timeout=200)
    assert json.loads(said.splitlines()[-1]) == [-signal.SIGKILL, 0, 0, 0]
    made = {}
    for file in yard.folder.glob("made-*"):
        for line in file.read_text().splitlines():
            number, x = line.split()
            assert int(number) not in made
            made[int(number)] = float(x)
    import optuna
    import runyard.optuna

    trials = optuna.load_study(study_name="s", storage=runyard.optuna.Storage()).trials
    assert [trial.number for trial in trials] == list(range(len(trials)))
    complete = {t.number: t.value for t in trials if t.state.name == "COMPLETE"}
    assert len(complete) >= 120
    assert complete.items() <= made.items()
    assert len(trials) - len(complete) <= 1
