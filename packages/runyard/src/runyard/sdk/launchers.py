"""How a run asks for several processes, and the launcher each way means.

`MpiConfiguration`, `TensorflowConfiguration` and `PyTorchConfiguration` are the settings that a run
configuration holds; the shorter names of `sdk.distributed` and of `sdk.v1.distributed` are kinds of
them. Whatever has `_setting` is one, and all are accepted everywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Optional, Tuple

from runyard.protocol import exit_deadline
from runyard.sdk.exceptions import TrainingException, UserErrorException
from runyard.sdk.sections import Section

if TYPE_CHECKING:
    from runyard.protocol.runs import LauncherSpec

MPI, PARAMETER_SERVER, GLOO, NCCL = "IntelMpi", "ParameterServer", "Gloo", "Nccl"
NO_COMMUNICATOR = "None"
# Whatever v1 calls it, it is the MPI that the environment has.
_MPI_NAMES = {"intelmpi", "openmpi", "mpi"}
FRAMEWORKS = ("Python", "PySpark", "CNTK", "TensorFlow", "PyTorch")


class MpiConfiguration(Section):
    """The same command line on every node, `process_count_per_node` times, started by MPI."""

    _setting = ("Python", MPI)

    def __init__(self, process_count_per_node: int = 1, node_count: int = 1) -> None:
        self.process_count_per_node = process_count_per_node
        self.node_count = node_count
        self._close()


class TensorflowConfiguration(Section):
    """Workers and parameter servers, each told its part by `TF_CONFIG`."""

    _setting = ("TensorFlow", PARAMETER_SERVER)

    def __init__(self, worker_count: int = 1, parameter_server_count: int = 1) -> None:
        self.worker_count = worker_count
        self.parameter_server_count = parameter_server_count
        self._close()


class PyTorchConfiguration(Section):
    """Processes for torch.distributed; `process_count` None is one per node."""

    # The communicator is what `communication_backend` says.
    _setting = ("PyTorch", "")

    def __init__(
        self,
        communication_backend: str = NCCL,
        process_count: Optional[int] = None,
        node_count: int = 1,
    ) -> None:
        self.communication_backend = communication_backend
        self.process_count = process_count
        self.node_count = node_count
        self._close()


def setting_of(config: Any) -> Tuple[str, str]:
    """Read framework and communicator of a distributed setting.

    Raises:
        TrainingException: It is none of the settings.
    """
    setting = getattr(config, "_setting", None)
    # A class whose parentheses were forgotten has the attribute as well.
    if setting is not None and not isinstance(config, type):
        framework, communicator = setting
        return (framework, communicator or str(config.communication_backend))
    raise TrainingException(
        f"a distributed setting is MpiConfiguration, TensorflowConfiguration or "
        f"PyTorchConfiguration, not {type(config).__name__}"
    )


def launcher_of(run_config: Any) -> LauncherSpec:
    """Make the launcher that a run configuration asks for.

    Raises:
        TrainingException: Several nodes without a communicator, counts below 1, or an exit
            deadline for a single process.
    """
    from dataclasses import replace

    found = _launcher(run_config)
    seconds = deadline(run_config.exit_deadline_seconds)
    # Asked of the record: which kind is a single process is the protocol's matter.
    if seconds is not None and found.kind == type(found)().kind:
        raise TrainingException(
            "exit_deadline_seconds is about the processes of a run with several, and this run has "
            "one: give distributed_training, or max_run_duration_seconds to limit the whole run"
        )
    return replace(found, exit_deadline_seconds=seconds)


def _launcher(run_config: Any) -> LauncherSpec:
    from runyard.protocol.runs import LauncherSpec

    nodes = count("node_count", run_config.node_count)
    communicator = str(run_config.communicator or NO_COMMUNICATOR)
    lower = communicator.lower()
    if lower in _MPI_NAMES:
        each = count("process_count_per_node", run_config.mpi.process_count_per_node)
        backend = mpi_backend(getattr(run_config.mpi, "backend", ""))
        return LauncherSpec(kind="mpi", process_count_per_node=each, backend=backend)
    if lower == PARAMETER_SERVER.lower():
        return _tensorflow(run_config.tensorflow)
    if lower in {GLOO.lower(), NCCL.lower()}:
        return _torch(run_config.pytorch, nodes, lower)
    if lower != NO_COMMUNICATOR.lower():
        raise UserErrorException(
            f"communicator is {communicator!r}; it is None, IntelMpi, OpenMpi, ParameterServer, "
            "Gloo or Nccl"
        )
    if nodes > 1:
        raise TrainingException(
            f"node_count is {nodes} and nothing says how the nodes work together: give "
            "distributed_training=MpiConfiguration() or TensorflowConfiguration(), or set the run "
            "configuration's communicator"
        )
    return LauncherSpec()


def count(what: str, value: Any, least: int = 1) -> int:
    """Read a count.

    Args:
        what: Its name, for messages.
        value: What the user gave.
        least: The least that makes sense.

    Raises:
        TrainingException: It is no whole number or below `least`.
    """
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        raise TrainingException(f"{what} must be a whole number, not {value!r}") from None
    # int() cuts: 1.5 processes would be one.
    if isinstance(value, float) and number != value:
        raise TrainingException(f"{what} must be a whole number, not {value!r}")
    if number < least:
        raise TrainingException(f"{what} must be at least {least}, it is {number}")
    return number


def mpi_backend(name: Any) -> str:
    """Read what the ranks of an MPI run speak by: "" for MPI itself, "gloo" for Horovod's Gloo.

    Raises:
        TrainingException: It is neither.
    """
    found = str(name or "").lower()
    if found in {"", "gloo"}:
        return found
    raise TrainingException(f'the backend of an MPI run is "" or "gloo", not {name!r}')


def deadline(seconds: Any) -> Optional[float]:
    """Read an exit deadline, None for none.

    Raises:
        TrainingException: It is no number above 0.
    """
    if seconds is None:
        return None
    try:
        number = float(seconds)
    except (TypeError, ValueError):
        number = 0.0
    if not exit_deadline.is_fit(number):
        raise TrainingException(
            f"exit_deadline_seconds must be a number of seconds above 0, not {seconds!r}; None "
            "waits for ever"
        )
    return number


def _tensorflow(config: Any) -> LauncherSpec:
    from runyard.protocol.runs import LauncherSpec

    servers = count("parameter_server_count", config.parameter_server_count, least=0)
    return LauncherSpec(
        kind="parameter_server" if servers else "multi_worker",
        worker_count=count("worker_count", config.worker_count),
        parameter_server_count=servers,
        chief_count=int(getattr(config, "chief", False)),
        evaluator_count=int(getattr(config, "evaluator", False)),
    )


def _torch(config: Any, nodes: int, backend: str) -> LauncherSpec:
    from runyard.protocol.runs import LauncherSpec

    asked = config.process_count
    each = count("process_count_per_node", getattr(config, "process_count_per_node", 1))
    processes = nodes * each if asked is None else count("process_count", asked)
    if processes % nodes:
        raise TrainingException(
            f"process_count is {processes}, which does not divide evenly over {nodes} nodes; "
            f"take a multiple of {nodes}"
        )
    return LauncherSpec(
        kind="torch",
        process_count_per_node=processes // nodes,
        worker_count=processes,
        backend=backend,
    )
