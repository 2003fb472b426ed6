"""Read by the type checker only: the v1 names have the types that users rely on."""

from typing import TYPE_CHECKING, Any

from azureml.core import Environment, Experiment, Run, ScriptRunConfig, Workspace
from azureml.core.compute import AmlCompute, ComputeTarget
from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.runconfig import (
    DEFAULT_CPU_IMAGE,
    MpiConfiguration,
    RunConfiguration,
    TensorflowConfiguration,
)
from azureml.exceptions import ComputeTargetException, UserErrorException
from azureml.telemetry import set_diagnostics_collection
from azureml.train.dnn import TensorFlow
from azureml.train.estimator import Estimator
from azureml.widgets import RunDetails

if TYPE_CHECKING:
    from azureml.core.compute.amlcompute import AmlComputeStatus
    from azureml.data.data_reference import DataReference


def article(ws: Workspace) -> None:
    """The article's path."""
    exp: Experiment = Experiment(workspace=ws, name="tf-mnist")
    try:
        target: ComputeTarget = ComputeTarget(workspace=ws, name="gpucluster")
    except ComputeTargetException as error:
        message: str = error.message
        config = AmlCompute.provisioning_configuration(
            vm_size="STANDARD_NC6", max_nodes=4, tags={"why": message}
        )
        target = ComputeTarget.create(ws, "gpucluster", config)
    data: DataReference = ws.get_default_datastore().as_mount()
    est = TensorFlow(
        source_directory=".",
        entry_script="tf_mnist.py",
        script_params={"--data-folder": data, "--batch-size": 50, "--learning-rate": 0.01},
        compute_target=target,
        use_gpu=True,
        framework_version="2.21",
    )
    run: Run = exp.submit(est)
    details: dict[str, Any] = run.wait_for_completion(show_output=True)
    names: list[str] = run.get_file_names()
    RunDetails(run).show()
    set_diagnostics_collection(send_diagnostics=True)
    del details, names


def distributed(ws: Workspace) -> Estimator:
    """Distributed settings are accepted by every estimator."""
    workers = TensorflowConfiguration()
    workers.worker_count = 2
    versions: list[str] = TensorFlow.get_supported_versions()
    Estimator(".", compute_target=ws.compute_targets["a"], distributed_training=workers)
    return TensorFlow(
        ".",
        compute_target="a",
        node_count=2,
        distributed_training=MpiConfiguration(),
        framework_version=versions[0],
    )


def configured(cluster: AmlCompute) -> ScriptRunConfig:
    """Run configurations and environments, set the v1 way."""
    config = RunConfiguration()
    config.target = cluster
    config.environment = Environment("mine")
    config.environment.docker.base_image = DEFAULT_CPU_IMAGE
    config.environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["keras"])
    name: str = config.target
    status: AmlComputeStatus = cluster.get_status()
    counts: dict[str, Any] = status.serialize()
    version: str | None = config.environment.version
    if not counts or not version:
        raise UserErrorException(name)
    return ScriptRunConfig(".", "train.py", ["--rate", 0.1], run_config=config)
