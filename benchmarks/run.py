"""Runs the benchmarks: `make bench`, or `make bench BENCH="B1 B8 --passes 7 --no-write"`."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import b01_import
import b02_metrics
import b03_many_runs
import b05_search
import b06_series
import b07_files
import b08_clusters
import b08_submit
import b09_environment
import b10_distributed
import b11_trials
import b12_serving
import b13_rest
import b14_logs
import b15_training
import b16_start
import b17_small_run
import machine
import measure
import peers
import report
from measure import BEFORE

Maker = Callable[[peers.Peer, dict[str, peers.Peer]], measure.Benchmark]
# Each with the peers that it takes.
BENCHMARKS: dict[str, tuple[Maker, tuple[str, ...]]] = {
    "B1": (
        b01_import.benchmark,
        ("mlflow-skinny", "mlflow", "wandb", "trackio", "ray", "azureml-core"),
    ),
    "B2": (b02_metrics.benchmark, ("mlflow", "trackio", "wandb", "tensorboard")),
    "B3": (b03_many_runs.benchmark, ("mlflow",)),
    "B5": (b05_search.benchmark, ("mlflow",)),
    "B6": (b06_series.benchmark, ("mlflow", "tensorboard")),
    "B7": (b07_files.benchmark, ("mlflow",)),
    "B7-large": (b07_files.large, ("mlflow",)),
    "B8": (b08_submit.benchmark, ("mlflow", "submitit", "ray")),
    "B8-Ray": (b08_clusters.on_ray, ("ray",)),
    "B8-Slurm": (b08_clusters.on_slurm, ()),
    "B9": (b09_environment.benchmark, ("mlflow", "ray")),
    "B9-changed": (b09_environment.changed, ("mlflow", "ray")),
    "B9-cold": (b09_environment.cold, ()),
    "B10": (b10_distributed.tf_config, ("ray-train",)),
    "B10-Ray": (b10_distributed.on_ray, ("ray", "ray-train")),
    "B10-MPI": (b10_distributed.mpi, ("mpi",)),
    "B10-torch": (b10_distributed.torch, ("torch",)),
    "B11": (b11_trials.benchmark, ("optuna", "ray-tune")),
    "B11-runs": (b11_trials.scripts, ()),
    "B12": (b12_serving.benchmark, ("azureml-inference-server", "mlserver", "mlflow")),
    "B12-keras": (b12_serving.keras, ("keras",)),
    "B13": (b13_rest.benchmark, ("mlflow", "ray", "dstack")),
    "B14": (b14_logs.benchmark, ("ray",)),
    "B15": (b15_training.benchmark, ()),
    "B15-workers": (b15_training.workers, ()),
    "B16": (b16_start.benchmark, ("mlflow", "wandb", "ray", "dstack")),
    "B17": (b17_small_run.benchmark, ("mlflow",)),
}


def main() -> int:
    """Run what the command line asks for."""
    asked = _arguments()
    print(f"machine: {machine.describe()}", flush=True)
    ours = peers.runyard()
    former = peers.runyard_before(asked.before.resolve()) if asked.before else None
    failed = 0
    for name in asked.benchmarks or BENCHMARKS:
        make, wanted = BENCHMARKS[name]
        installed, absent = _install(wanted) if former is None else ({BEFORE: former}, {})
        benchmark = make(ours, installed)
        benchmark.absent.update(absent)
        if not benchmark.cases:
            print(f"\n{benchmark.id} cannot be run: {absent}")
            continue
        before = machine.load()
        passes = max(asked.passes, benchmark.least_passes)
        print(f"\n{benchmark.id} {benchmark.title}, {passes} passes; load {before}")
        outcomes = measure.run(benchmark, passes)
        text = _circumstances(passes, before)
        print("\n" + report.section(benchmark, outcomes, text))
        failed += sum(bool(o.failure) for o in outcomes if o.case.kind != measure.PEER)
        if asked.write and former is None:
            report.write(benchmark, outcomes, text)
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benchmarks", nargs="*", choices=[[], *BENCHMARKS], metavar="B1 B8 ...")
    parser.add_argument(
        "--passes", type=int, default=5, help="at least so many count (5; some take more)"
    )
    parser.add_argument(
        "--before",
        type=Path,
        metavar="CHECKOUT",
        help="compare with the commit checked out there, without peers; writes nothing",
    )
    parser.add_argument("--no-write", dest="write", action="store_false")
    return parser.parse_args()


def _install(wanted: Iterable[str]) -> tuple[dict[str, peers.Peer], dict[str, str]]:
    installed, absent = {}, {}
    for name in wanted:
        try:
            installed[name] = peers.install(name)
        except peers.Unavailable as error:
            absent[name] = str(error)
        else:
            print(f"peer: {name} {installed[name].version}", flush=True)
    return installed, absent


@cache
def _commit() -> str:
    """The commit that was measured, marked when files differed from it at the beginning."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(command, cwd=peers.ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() or "an unknown commit"


def _circumstances(passes: int, before: str) -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"{machine.now()}, {machine.describe()}; load before {before}, after {machine.load()}; "
        f"Python {python}; Runyard at {_commit()}; {passes} passes in turns, "
        "median (lowest to highest), 3x is three times the figure of Runyard."
    )


if __name__ == "__main__":
    sys.exit(main())
