"""Train with two workers that stay equal, on two nodes, and tell what came of it.

    python submit.py

Run it from anywhere; there is nothing to configure. Both nodes are this machine.
"""

import argparse
import os
import sys

from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.core.runconfig import TensorflowConfiguration
from azureml.train.dnn import TensorFlow

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, os.pardir, "tf-mnist", "data")
CLUSTER, NODES = "two-nodes", 2


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--data", default=DATA, help="folder with the four files of MNIST")
    return parser.parse_args()


def cluster_of(workspace):
    """The cluster; the first time, make one that grows from no node to two."""
    try:
        return ComputeTarget(workspace=workspace, name=CLUSTER)
    except ComputeTargetException:
        kind = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=NODES)
        return ComputeTarget.create(workspace, CLUSTER, kind)


def main():
    """Submit, follow worker 0, and tell how each process ended."""
    options = arguments()
    workspace = Workspace.from_config()
    datastore = workspace.get_default_datastore()
    datastore.upload(src_dir=options.data, target_path="mnist", show_progress=False)

    distributed = TensorflowConfiguration()
    distributed.worker_count = options.workers
    distributed.parameter_server_count = 0
    estimator = TensorFlow(
        source_directory=HERE,
        entry_script="script.py",
        script_params={"--data-folder": datastore.as_mount(), "--epochs": options.epochs},
        compute_target=cluster_of(workspace),
        node_count=NODES,
        distributed_training=distributed,
        framework_version="2.21",
    )
    run = Experiment(workspace, "tf-multi-worker").submit(estimator)
    run.wait_for_completion(show_output=True, raise_on_error=False)
    print()
    for rank in run.get_details()["ranks"]:
        print("{name:<10} {status}".format(**rank))
    if run.get_status() != "Completed":
        sys.exit(f"the run ended as {run.get_status()}: see above")
    print("Accuracy   {final_acc:.4f}".format(**run.get_metrics()))


if __name__ == "__main__":
    main()
