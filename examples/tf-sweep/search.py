"""Search good hyperparameters for the article's network: eight trials, two at once, keep the best.

    python search.py                 eight trials
    python search.py --trials 20     more of them

Run it from anywhere; there is nothing to configure. See README.md for each step.
"""

import argparse
import os
import shutil
import sys

from runyard import (
    AmlCompute,
    ComputeTarget,
    Experiment,
    Sweep,
    TensorFlow,
    Workspace,
    bandit,
    choice,
    loguniform,
)
from runyard.sdk.exceptions import ComputeTargetException

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, os.pardir, "tf-mnist", "data")
CLUSTER = "gpucluster"
METRIC = "validation_acc"
SHOWN = ("number", METRIC, "learning-rate", "first-layer-neurons", "batch-size", "state")


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=8)
    parser.add_argument("--parallel", type=int, default=2, help="how many at once")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=7, help="another one tries other points")
    parser.add_argument("--framework-version", default="2.21", help="1.13 or 2.21")
    parser.add_argument("--data", default=DATA, help="folder with the four files of MNIST")
    return parser.parse_args()


def cluster_of(workspace):
    """The cluster; the first time, make one that grows from no node to four."""
    try:
        return ComputeTarget(workspace=workspace, name=CLUSTER)
    except ComputeTargetException:
        kind = AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", max_nodes=4)
        return ComputeTarget.create(workspace, CLUSTER, kind)


def sweep_of(options):
    """What is tried, which result counts, and when a trial is not worth going on."""
    return Sweep(
        space={
            "learning-rate": loguniform(0.0003, 0.5),
            "first-layer-neurons": choice(50, 100, 300),
            "batch-size": choice(50, 100, 200),
        },
        goal={METRIC: "maximize"},
        policy=bandit(slack_factor=0.05),
        max_trials=options.trials,
        parallel=options.parallel,
        seed=options.seed,
    )


def main():
    """Sweep, show what came of it, register the best model."""
    options = arguments()
    workspace = Workspace.from_config()
    datastore = workspace.get_default_datastore()
    datastore.upload(src_dir=options.data, target_path="mnist", overwrite=True, show_progress=False)
    estimator = TensorFlow(
        source_directory=HERE,
        entry_script="tf_mnist.py",
        script_params={"--data-folder": datastore.as_mount(), "--epochs": options.epochs},
        compute_target=cluster_of(workspace),
        use_gpu=True,
        framework_version=options.framework_version,
    )

    run = Experiment(workspace, "tf-sweep").submit(sweep_of(options).over(estimator))
    print(f"{options.trials} trials, {options.parallel} at once\n")
    run.wait_for_completion(show_output=True, raise_on_error=False)
    best = run.best_run
    if best is None:
        sys.exit(f"No trial got as far as a result; see why:\n  {command()} sweeps show {run.id}")
    show(run.table())
    model = best.register_model(
        model_name="tf-dnn-mnist-best",
        model_path="outputs/model",
        tags={METRIC: f"{run.best.best:.4f}", **{k: str(v) for k, v in run.best.params.items()}},
    )
    print()
    print(f"Best       {METRIC} {run.best.best:.4f}, trial {run.best.number}")
    print(f"Model      {model.id}")
    print(f"Sweep      {run.id}")
    print(f"Look at    {run.get_portal_url()}")
    print()
    print("Next:")
    print(f"  {command()} sweeps show {run.id}")
    print(f"  {command()} sweeps export {run.id}")
    print(f"  {command()} runs logs {best.id}")


def show(rows):
    """Print the trials as a table, the best first."""
    rows = sorted(rows, key=lambda row: -row.get(METRIC, 0.0))
    cells = [list(SHOWN)] + [[brief(row.get(name, "")) for name in SHOWN] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(len(SHOWN))]
    print()
    for row in cells:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)))


def brief(value):
    """A value in few digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def command():
    """The name by which the command line can be called here."""
    beside = os.path.join(os.path.dirname(sys.executable), "runyard")
    if shutil.which("runyard") or not os.path.exists(beside):
        return "runyard"
    return min(beside, os.path.relpath(beside), key=len)


if __name__ == "__main__":
    main()
