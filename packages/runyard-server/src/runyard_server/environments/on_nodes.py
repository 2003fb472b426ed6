"""Environments that nodes make for themselves, where they do not see the service's files.

The lock is made by the service, as everywhere. What it says is made on each node by the agent,
before the script starts, so here every environment counts as there. Nodes have no more than a
Python; they fetch the service's own uv by its digest, and keep it.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from runyard.protocol import conda_locks
from runyard.protocol.conda_locks import CondaPackage
from runyard.protocol.environments import LockRecord
from runyard.protocol.jobs import JobEnvironment, JobProgram
from runyard_server.environments.environments import user_managed_interpreter
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.mpi import Machine


class NodeEnvironments:
    """The environments of a site whose nodes make them.

    Args:
        machine: What its nodes are, as far as that decides where MPI comes from.
        uv: Gives the uv program as nodes can fetch it; None where there is none.
        keep_bytes: The most that a node keeps of environments; 0: no bound.
    """

    def __init__(
        self,
        machine: Machine,
        uv: Callable[[], JobProgram | None] = lambda: None,
        keep_bytes: int = 0,
    ) -> None:
        self.machine = machine
        self._uv = uv
        self._keep_bytes = keep_bytes

    def realised(self, lock: LockRecord) -> JobEnvironment | None:
        """The environment as the node is told of it: without a place, which is the node's matter.

        An interpreter that the user looks after is where the user says, on the node. With conda
        packages there is none.
        """
        if conda_locks.packages(lock.requirements):
            return None
        own = user_managed_interpreter(lock)
        if own:
            return JobEnvironment(own, "", lock.digest, lock.python)
        given = lock.digest, lock.python, lock.requirements, self._uv(), self._keep_bytes
        return JobEnvironment("", "", *given)

    def realise(
        self, lock: LockRecord, log_path: Path, cancelled: Callable[[], bool]
    ) -> JobEnvironment:
        """The same: there is nothing to make here. What cannot be is told before a node is taken.

        Args:
            lock: The lock.
            log_path: The file that takes the build log.
            cancelled: Says whether to give up.

        Raises:
            EnvironmentFailed: The lock has conda packages, which nodes cannot install.
        """
        del log_path, cancelled
        found = self.realised(lock)
        if found is None:
            raise EnvironmentFailed(_no_conda(conda_locks.packages(lock.requirements)))
        return found

    def check_mpi(self, interpreter: str) -> None:
        """Nobody can look for an mpirun on a node that does not exist yet; the agent does."""

    def pythons(self) -> list[str]:
        """None are known here."""
        return []


def _no_conda(packages: Sequence[CondaPackage]) -> str:
    named = ", ".join(one.name for one in packages if one.name != "python") or "python"
    return (
        f"the environment has conda packages ({named}), and the nodes of this site make their "
        "environments themselves, with pip alone: use a site whose nodes see the files of the "
        "service, or packages that pip has (the setting conda = 'never' leaves out the others)"
    )
