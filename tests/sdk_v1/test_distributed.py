"""Distributed settings, v1's and Runyard's own: which processes each means, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

import runyard
from runyard.protocol.runs import LauncherSpec
from runyard.sdk.exceptions import TrainingException
from runyard.sdk.launchers import MpiConfiguration, PyTorchConfiguration, TensorflowConfiguration
from runyard.sdk.v1.distributed import Gloo, Mpi, Nccl, ParameterServer
from runyard.sdk.v1.dnn import PyTorch, TensorFlow
from runyard.sdk.v1.estimators import Estimator
from runyard.sdk.v1.scripts import ScriptRunConfig


def sent(config: Any, experiment: Any) -> tuple[LauncherSpec, int]:
    """Launcher and nodes as they are sent."""
    spec = config._submission(experiment).spec
    return spec.launcher, spec.node_count


def mpi(each: int) -> LauncherSpec:
    return LauncherSpec("mpi", each)


def servers(workers: int, servers: int, **more: Any) -> LauncherSpec:
    kind = "parameter_server" if servers else "multi_worker"
    return LauncherSpec(kind, worker_count=workers, parameter_server_count=servers, **more)


def torch(each: int, nodes: int, backend: str) -> LauncherSpec:
    return LauncherSpec("torch", each, worker_count=each * nodes, backend=backend)


V1 = [
    (MpiConfiguration(), mpi(1), 1),
    (MpiConfiguration(2), mpi(2), 1),
    (MpiConfiguration(process_count_per_node=2, node_count=3), mpi(2), 3),
    (Mpi(4), mpi(4), 1),
    # The article: as many nodes as workers.
    (TensorflowConfiguration(), servers(1, 1), 1),
    (TensorflowConfiguration(worker_count=2, parameter_server_count=1), servers(2, 1), 2),
    (TensorflowConfiguration(3, 0), servers(3, 0), 3),
    (ParameterServer(2, 1), servers(2, 1), 2),
    (PyTorchConfiguration(), torch(1, 1, "nccl"), 1),
    # No number of processes is one on each node.
    (PyTorchConfiguration("Gloo", None, 3), torch(1, 3, "gloo"), 3),
    (PyTorchConfiguration("Nccl", 4, 2), torch(2, 2, "nccl"), 2),
    (PyTorchConfiguration("Gloo", 2), torch(2, 1, "gloo"), 1),
    (Gloo(), torch(1, 1, "gloo"), 1),
    (Nccl(), torch(1, 1, "nccl"), 1),
]
OWN = [
    (runyard.Mpi(2, node_count=2), mpi(2), 2),
    (runyard.MultiWorker(2), servers(2, 0), 1),
    (
        runyard.MultiWorker(1, chief=True, evaluator=True, node_count=3),
        servers(1, 0, chief_count=1, evaluator_count=1),
        3,
    ),
    (runyard.ParameterServer(2, 1), servers(2, 1), 1),
    (runyard.ParameterServer(2, 2, chief=True), servers(2, 2, chief_count=1), 1),
    (runyard.Torch(2, node_count=2), torch(2, 2, "gloo"), 2),
    (runyard.Jax(2), torch(2, 1, "gloo"), 1),
]


@pytest.mark.parametrize(("setting", "launcher", "nodes"), V1 + OWN)
def test_a_script_configuration_takes_all_from_the_setting(
    folder: Any, experiment: Any, setting: Any, launcher: LauncherSpec, nodes: int
) -> None:
    """The table of section 8, with ScriptRunConfig."""
    config = ScriptRunConfig(str(folder), compute_target="c", distributed_job_config=setting)
    assert sent(config, experiment) == (launcher, nodes)


@pytest.mark.parametrize(
    ("arguments", "launcher", "nodes"),
    [
        ({"distributed_backend": "mpi", "process_count_per_node": 3}, mpi(3), 2),
        # Beside a setting the estimator's process_count_per_node counts no more.
        ({"distributed_training": MpiConfiguration(), "process_count_per_node": 3}, mpi(1), 2),
        ({"distributed_training": Mpi(2)}, mpi(2), 2),
        ({"distributed_training": runyard.Mpi(2)}, mpi(2), 2),
        ({"distributed_training": ParameterServer(2, 1)}, servers(2, 1), 2),
        ({"distributed_training": TensorflowConfiguration(4, 2)}, servers(4, 2), 2),
        ({"distributed_training": Gloo()}, torch(1, 2, "gloo"), 2),
        ({"distributed_training": Nccl()}, torch(1, 2, "nccl"), 2),
        ({"distributed_backend": "gloo"}, torch(1, 2, "gloo"), 2),
        ({"distributed_backend": "NCCL"}, torch(1, 2, "nccl"), 2),
        ({"distributed_training": PyTorchConfiguration("Nccl", 4)}, torch(2, 2, "nccl"), 2),
        ({"distributed_training": runyard.Torch(2)}, torch(2, 2, "gloo"), 2),
    ],
)
def test_an_estimator_says_how_many_nodes(
    folder: Any, experiment: Any, arguments: dict[str, Any], launcher: LauncherSpec, nodes: int
) -> None:
    """The table of section 8, with estimators."""
    est = Estimator(
        str(folder), compute_target="c", entry_script="train.py", node_count=2, **arguments
    )
    assert sent(est, experiment) == (launcher, nodes)


def test_workers_and_servers_may_be_arguments_of_tensorflow(folder: Any, experiment: Any) -> None:
    """The notebook's case: two workers and one server on two nodes."""
    est = TensorFlow(
        str(folder),
        compute_target="c",
        entry_script="train.py",
        node_count=2,
        worker_count=2,
        parameter_server_count=1,
        distributed_backend="ps",
        framework_version="1.13",
    )
    assert sent(est, experiment) == (servers(2, 1), 2)


def test_the_nodes_of_a_setting_are_not_lost_in_an_estimator(folder: Any, experiment: Any) -> None:
    """Said once it counts, wherever; said twice and differently it is refused."""
    training = runyard.Torch(node_count=3)
    common: dict[str, Any] = {"compute_target": "c", "entry_script": "train.py"}
    est = PyTorch(str(folder), framework_version="1.4", distributed_training=training, **common)
    assert sent(est, experiment) == (torch(1, 3, "gloo"), 3)
    with pytest.raises(TrainingException, match="says 3 nodes: say it once"):
        Estimator(str(folder), node_count=2, distributed_training=training, **common)
    with pytest.raises(TrainingException, match="single machine"):
        Estimator(
            str(folder), distributed_training=training, **{**common, "compute_target": "local"}
        )


def test_one_machine_may_have_all_processes(folder: Any, experiment: Any) -> None:
    """A laptop rehearses what a cluster runs: target `local` takes several processes."""
    for setting in (runyard.MultiWorker(2, chief=True), runyard.Torch(2), runyard.Mpi(2)):
        config = ScriptRunConfig(str(folder), distributed_job_config=setting)
        spec = config._submission(experiment).spec
        assert (spec.target, spec.node_count) == ("local", 1)


@pytest.mark.parametrize("value", [0, -1, 1.5, "two", None])
def test_counts_are_whole_and_at_least_one(folder: Any, experiment: Any, value: Any) -> None:
    """V1's settings are read when they are submitted, Runyard's when they are made."""
    settings = [
        MpiConfiguration(value),
        MpiConfiguration(node_count=value),
        TensorflowConfiguration(worker_count=value),
        PyTorchConfiguration("Gloo", node_count=value),
    ]
    for setting in settings:
        config = ScriptRunConfig(str(folder), compute_target="c", distributed_job_config=setting)
        with pytest.raises(TrainingException, match=r"_count\w* (must|is)"):
            sent(config, experiment)
    for kind in (runyard.Mpi, runyard.MultiWorker, runyard.ParameterServer, runyard.Torch):
        with pytest.raises(TrainingException, match=r"_count\w* must"):
            kind(value)
        with pytest.raises(TrainingException, match="node_count must"):
            kind(node_count=value)


@pytest.mark.parametrize("kind", [runyard.Mpi, runyard.MultiWorker, runyard.Torch])
def test_the_exit_deadline_is_sent(folder: Any, experiment: Any, kind: Any) -> None:
    """By Runyard's settings, with estimators and script configurations."""
    setting = kind(2, exit_deadline_seconds=30)
    config = ScriptRunConfig(str(folder), compute_target="c", distributed_job_config=setting)
    assert sent(config, experiment)[0].exit_deadline_seconds == 30.0
    est = Estimator(
        str(folder), compute_target="c", entry_script="train.py", distributed_training=setting
    )
    assert sent(est, experiment)[0].exit_deadline_seconds == 30.0


def test_v1_settings_have_the_exit_deadline_on_the_run_configuration(
    folder: Any, experiment: Any
) -> None:
    """Their own arguments stay v1's."""
    config = ScriptRunConfig(str(folder), distributed_job_config=MpiConfiguration(2))
    config.run_config.exit_deadline_seconds = 1.5
    assert sent(config, experiment)[0] == LauncherSpec("mpi", 2, exit_deadline_seconds=1.5)


def test_an_exit_deadline_is_above_zero_and_of_several(folder: Any, experiment: Any) -> None:
    """One process has nobody to outlast."""
    for value in (0, -1, "soon", float("nan"), float("inf")):
        with pytest.raises(TrainingException, match="above 0"):
            runyard.Torch(2, exit_deadline_seconds=value)
    config = ScriptRunConfig(str(folder))
    config.run_config.exit_deadline_seconds = 10
    with pytest.raises(TrainingException, match="max_run_duration_seconds"):
        sent(config, experiment)
