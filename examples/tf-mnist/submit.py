"""The article's path: workspace, data, cluster, estimator, run, model.

    python submit.py                            newest TensorFlow
    python submit.py --framework-version 1.13   as in 2019, on Python 3.7

Run it from anywhere; there is nothing to configure. See README.md for each step.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile

from azureml.core import Experiment, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.compute_target import ComputeTargetException
from azureml.train.dnn import TensorFlow

HERE = os.path.dirname(os.path.abspath(__file__))
CLUSTER = "gpucluster"
GOOD_ENOUGH = 0.95


def arguments():
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--framework-version", default="2.21", help="1.13 or 2.21")
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument(
        "--data", default=os.path.join(HERE, "data"), help="folder with the four files"
    )
    return parser.parse_args()


def cluster_of(workspace):
    """The cluster; the first time, make one that grows from no node to four."""
    try:
        cluster = ComputeTarget(workspace=workspace, name=CLUSTER)
        print(f"Found the cluster {CLUSTER}")
    except ComputeTargetException:
        print(f"Creating the cluster {CLUSTER}")
        configuration = AmlCompute.provisioning_configuration(vm_size="STANDARD_NC6", max_nodes=4)
        cluster = ComputeTarget.create(workspace, CLUSTER, configuration)
        cluster.wait_for_completion(show_output=True, min_node_count=None, timeout_in_minutes=20)
    return cluster


def source_folder():
    """A folder with the training scripts alone: all of it goes to the job."""
    folder = tempfile.mkdtemp(prefix="tf-mnist-")
    for name in ("tf_mnist.py", "utils.py"):
        shutil.copy(os.path.join(HERE, name), folder)
    return folder


def main():
    """Walk the path; end with what came of it."""
    options = arguments()
    workspace = Workspace.from_config()
    print(f"Workspace {workspace.name}")

    datastore = workspace.get_default_datastore()
    datastore.upload(src_dir=options.data, target_path="mnist", overwrite=True, show_progress=True)

    cluster = cluster_of(workspace)
    estimator = TensorFlow(
        source_directory=source_folder(),
        entry_script="tf_mnist.py",
        script_params={
            "--data-folder": datastore.as_mount(),
            "--batch-size": 50,
            "--first-layer-neurons": 300,
            "--second-layer-neurons": 100,
            "--learning-rate": 0.01,
            "--epochs": options.epochs,
        },
        compute_target=cluster,
        use_gpu=True,
        framework_version=options.framework_version,
    )

    run = Experiment(workspace=workspace, name="tf-mnist").submit(estimator)
    run.wait_for_completion(show_output=True, raise_on_error=False)
    shutil.rmtree(estimator.source_directory)
    accuracy = checked(run)
    model = run.register_model(
        model_name="tf-dnn-mnist", model_path="outputs/model", tags={"accuracy": f"{accuracy:.4f}"}
    )
    summary(run, model, accuracy)


def checked(run):
    """The accuracy that the run reached; end here if it failed or did not learn enough."""
    status = run.get_status()
    if status != "Completed":
        sys.exit(
            f"The run ended as {status}; the reason stands above, the whole log is shown by\n"
            f"  {command()} runs logs {run.id}"
        )
    accuracy = run.get_metrics()["final_acc"]
    if accuracy < GOOD_ENOUGH:
        sys.exit(f"The accuracy of {accuracy:.4f} is below {GOOD_ENOUGH}: try more --epochs")
    return accuracy


def command():
    """The name by which the command line can be called here."""
    beside = os.path.join(os.path.dirname(sys.executable), "runyard")
    return "runyard" if shutil.which("runyard") or not os.path.exists(beside) else short(beside)


def short(path):
    """A path as it is typed from here."""
    return min(path, os.path.relpath(path), key=len)


def summary(run, model, accuracy):
    """Print what came of it, where things are and what to try next."""
    runyard, again = command(), f"{short(sys.executable)} {sys.argv[0]}"
    files = len(run_files(run))
    home = os.environ.get("RUNYARD_HOME", os.path.join("~", ".runyard"))
    print()
    print(f"Accuracy   {accuracy:.4f} on the 10,000 test images")
    print(f"Model      {model.id}, {files} files")
    print(f"Run        {run.id}")
    print(f"Kept in    {home}")
    print(f"Look at    {link(run)}")
    print("           (signs one browser in, once, within five minutes)")
    print()
    print("Next:")
    print(f"  {runyard} studio {run.id}    another such link")
    print(f"  {runyard} runs show {run.id}")
    print(f"  {runyard} runs logs {run.id}")
    print(f"  {runyard} models list")
    print(f"  {again} --framework-version 1.13")
    print("In Python: Model(Workspace.from_config(), 'tf-dnn-mnist').download('model')")


def link(run):
    """A link that signs a browser in and opens the run; only its address where none is made."""
    asked = [command(), "studio", run.id, "--no-browser"]
    made = subprocess.run(asked, check=False, stdout=subprocess.PIPE, text=True)
    return made.stdout.split("\n")[0] if made.returncode == 0 else run.get_portal_url()


def run_files(run):
    """The files of the model among the run's files."""
    return [name for name in run.get_file_names() if name.startswith("outputs/model/")]


if __name__ == "__main__":
    main()
