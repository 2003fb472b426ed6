"""Which processes a job starts: one launcher per kind of job."""

from __future__ import annotations

from importlib import import_module

from runyard.runtime.job import JobError
from runyard.runtime.launchers.base import Launcher, Node

# The classes, by kind; imported when they are used, because most jobs are one process.
LAUNCHERS = {
    "single": "single:SingleLauncher",
    "mpi": "mpi:MpiLauncher",
    "multi_worker": "multi_worker:MultiWorkerLauncher",
    "parallel": "parallel:ParallelLauncher",
    "parameter_server": "parameter_server:ParameterServerLauncher",
    "torch": "torch:TorchLauncher",
}

__all__ = ["LAUNCHERS", "Launcher", "Node", "launcher"]


def launcher(kind: str) -> Launcher:
    """The launcher of a kind.

    Raises:
        JobError: There is none of that kind.
    """
    module, _, name = LAUNCHERS.get(kind, "").partition(":")
    try:
        made: Launcher = getattr(import_module(f"{__name__}.{module}"), name)()
    except (ModuleNotFoundError, AttributeError) as error:
        raise JobError(f"there is no launcher '{kind}' in this version of the agent") from error
    return made
