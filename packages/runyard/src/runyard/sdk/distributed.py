"""Runyard's own names for runs of several processes, one for each way to start them.

    Mpi               mpirun: the same command in each rank; Horovod, mpi4py
    MultiWorker       TF_CONFIG without parameter servers: MultiWorkerMirroredStrategy
    ParameterServer   TF_CONFIG with parameter servers: ParameterServerStrategy, tf.train.Server
    Torch, Jax        one process per rank, told by torchrun's and JAX's variables

They go where the v1 names go: `distributed_training=` of an estimator, `distributed_job_config=` of
a ScriptRunConfig. All processes may be on one machine: the default is one node.
"""

from typing import Any, Optional

from runyard.sdk.launchers import (
    GLOO,
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
    count,
    deadline,
    mpi_backend,
)


class Mpi(MpiConfiguration):
    """The same command on every node, `process_count_per_node` times, started by mpirun.

    Args:
        process_count_per_node: Ranks on each node.
        node_count: Nodes of the compute target.
        exit_deadline_seconds: How long the other ranks may go on when the first has completed;
            then the run fails and names them. None: for ever.
        backend: "" for MPI; "gloo" for Horovod without MPI.

    Raises:
        TrainingException: A count is below 1, the deadline is not above 0, or there is no such
            backend.
    """

    def __init__(
        self,
        process_count_per_node: int = 1,
        node_count: int = 1,
        exit_deadline_seconds: Optional[float] = None,
        backend: str = "",
    ) -> None:
        self.backend = mpi_backend(backend)
        _take(self, process_count_per_node=process_count_per_node)
        _finish(self, node_count, exit_deadline_seconds)


class MultiWorker(TensorflowConfiguration):
    """Equal workers, each told of the others by `TF_CONFIG`, spread over the nodes.

    Args:
        worker_count: Processes of type `worker`.
        chief: One more process, of type `chief`: it is the first and writes what is to be kept.
        evaluator: One more, of type `evaluator`: it is not in the cluster, and is stopped when
            the others have ended.
        node_count: Nodes of the compute target.
        exit_deadline_seconds: How long the other workers may go on when the first has completed;
            then the run fails and names them. None: for ever.

    Raises:
        TrainingException: A count is below 1, or the deadline is not above 0.
    """

    def __init__(
        self,
        worker_count: int = 1,
        *,
        chief: bool = False,
        evaluator: bool = False,
        node_count: int = 1,
        exit_deadline_seconds: Optional[float] = None,
    ) -> None:
        _take(self, worker_count=worker_count)
        self.parameter_server_count = 0
        self.chief, self.evaluator = bool(chief), bool(evaluator)
        _finish(self, node_count, exit_deadline_seconds)


class ParameterServer(TensorflowConfiguration):
    """Workers and parameter servers, each told its part by `TF_CONFIG`, spread over the nodes.

    Args:
        worker_count: Processes of type `worker`.
        parameter_server_count: Processes of type `ps`; they are stopped when the run is over.
        chief: One more process, of type `chief`: with TensorFlow 2 it coordinates, the workers
            only serve, and the run is over when it has ended.
        evaluator: One more, of type `evaluator`, which is stopped when the run is over.
        node_count: Nodes of the compute target.
        exit_deadline_seconds: How long the other workers may go on when the first has completed;
            then the run fails and names them. None: for ever.

    Raises:
        TrainingException: A count is below 1, or the deadline is not above 0.
    """

    def __init__(
        self,
        worker_count: int = 1,
        parameter_server_count: int = 1,
        *,
        chief: bool = False,
        evaluator: bool = False,
        node_count: int = 1,
        exit_deadline_seconds: Optional[float] = None,
    ) -> None:
        _take(self, worker_count=worker_count, parameter_server_count=parameter_server_count)
        self.chief, self.evaluator = bool(chief), bool(evaluator)
        _finish(self, node_count, exit_deadline_seconds)


class Torch(PyTorchConfiguration):
    """Ranks for torch.distributed, told as by torchrun; the script chooses its backend.

    Args:
        process_count_per_node: Ranks on each node.
        node_count: Nodes of the compute target.
        exit_deadline_seconds: How long the other ranks may go on when the first has completed;
            then the run fails and names them. None: for ever.

    Raises:
        TrainingException: A count is below 1, or the deadline is not above 0.
    """

    def __init__(
        self,
        process_count_per_node: int = 1,
        node_count: int = 1,
        exit_deadline_seconds: Optional[float] = None,
    ) -> None:
        self.communication_backend = GLOO
        self.process_count: Optional[int] = None
        _take(self, process_count_per_node=process_count_per_node)
        _finish(self, node_count, exit_deadline_seconds)


class Jax(Torch):
    """Ranks for JAX; arguments as `Torch`.

    JAX reads JAX_COORDINATOR_ADDRESS by itself, and is given the other two by the script:
    `jax.distributed.initialize(num_processes=int(os.environ["JAX_NUM_PROCESSES"]),
    process_id=int(os.environ["JAX_PROCESS_ID"]))`.
    """


def _take(config: Any, **counts: Any) -> None:
    for name, value in counts.items():
        setattr(config, name, count(name, value))


def _finish(config: Any, node_count: Any, seconds: Any) -> None:
    _take(config, node_count=node_count)
    config.exit_deadline_seconds = deadline(seconds)
    config._close()
