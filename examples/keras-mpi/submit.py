"""Train a Keras model with MPI on two nodes, and tell what came of it.

    python submit.py

Run it from anywhere; there is nothing to configure. Both nodes are this machine.
"""

import argparse
import os
import sys

from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import MpiConfiguration

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, os.pardir, "tf-mnist", "data")
CLUSTER, NODES = "two-nodes", 2
PYTHON, PACKAGES = "3.11", ("tensorflow-cpu==2.21.0",)


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=1, help="on each node")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--data", default=DATA, help="folder with the four files of MNIST")
    return parser.parse_args()


def cluster_of(workspace):
    """The cluster; the first time, make one that grows from no node to two."""
    try:
        return ComputeTarget(workspace=workspace, name=CLUSTER)
    except ComputeTargetException:
        kind = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=NODES)
        return ComputeTarget.create(workspace, CLUSTER, kind)


def environment():
    """What the script imports; MPI adds mpi4py and Open MPI."""
    environment = Environment("keras-mpi")
    environment.python.conda_dependencies = CondaDependencies.create(
        python_version=PYTHON, pip_packages=list(PACKAGES)
    )
    return environment


def main():
    """Submit, follow rank 0, and tell how each process ended."""
    options = arguments()
    workspace = Workspace.from_config()
    datastore = workspace.get_default_datastore()
    datastore.upload(src_dir=options.data, target_path="mnist", show_progress=False)

    config = ScriptRunConfig(
        source_directory=HERE,
        script="script.py",
        arguments=["--data-folder", datastore.as_mount(), "--epochs", options.epochs],
        compute_target=cluster_of(workspace),
        environment=environment(),
        distributed_job_config=MpiConfiguration(options.processes, NODES),
    )
    run = Experiment(workspace, "keras-mpi").submit(config)
    run.wait_for_completion(show_output=True, raise_on_error=False)
    print()
    for rank in run.get_details()["ranks"]:
        print("{name:<10} {status}".format(**rank))
    if run.get_status() != "Completed":
        sys.exit(f"the run ended as {run.get_status()}: see above")
    print("Accuracy   {final_acc:.4f}".format(**run.get_metrics()))


if __name__ == "__main__":
    main()
