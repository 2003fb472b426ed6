"""The end of a process among several: together when all is well, at once when it failed.

MPI's own end waits for all processes. A process that fails while the others wait for its
gradients would therefore never end, and neither would they. So MPI is finalised here: after a
clean end only. A process that failed leaves without it, with its own exit status, which makes
mpirun end the others and lets everybody see who failed first. Under `python -m mpi4py`, which does
the like by itself, nothing is changed.
"""

import atexit
import inspect
import sys
import threading
from types import TracebackType
from typing import Any, NoReturn, Optional, Type


class Ending:
    """Knows whether this process failed; made before MPI is initialised."""

    def __init__(self) -> None:
        self.failed = False
        self._mpi: Any = None
        self._hook = sys.excepthook
        self._exit = sys.exit
        _leave_finalizing_to_us()

    def watch(self, mpi: Any) -> None:
        """See errors that nobody catches and `sys.exit` with a status, from now on.

        Args:
            mpi: The module `mpi4py.MPI`.
        """
        if _is_watched():
            return
        self._mpi = mpi
        self._hook, sys.excepthook = sys.excepthook, self._uncaught
        # Python asks no excepthook about SystemExit.
        self._exit, sys.exit = sys.exit, self._leave
        atexit.register(self.end)

    def end(self) -> None:
        """Finalise MPI, which waits for the others, unless this process failed."""
        if not self.failed and not self._mpi.Is_finalized():
            self._mpi.Finalize()

    def _uncaught(
        self,
        kind: Type[BaseException],
        error: BaseException,
        where: Optional[TracebackType],
    ) -> None:
        self.failed = True
        self._hook(kind, error, where)

    def _leave(self, status: Any = None) -> NoReturn:
        try:
            self._exit(status)
        except SystemExit as error:
            # Freed with it: by the interpreter if nobody catches it, else from Python code.
            error.__dict__["_witness"] = _Witness(self, failed=status not in (None, 0))
            raise


class _Witness:
    """Goes with a SystemExit, and learns whether it ended the process."""

    def __init__(self, ending: Ending, *, failed: bool) -> None:
        self._ending = ending
        self._failed = failed

    def __del__(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            return
        # The interpreter itself calls from no Python frame.
        frame = inspect.currentframe()
        if frame is not None and frame.f_back is None:
            self._ending.failed = self._failed


def _is_watched() -> bool:
    return "mpi4py.run" in sys.modules


def _leave_finalizing_to_us() -> None:
    if _is_watched() or "mpi4py.MPI" in sys.modules:
        return
    try:
        import mpi4py
    except ImportError:
        return
    # Read once, when mpi4py.MPI is imported.
    mpi4py.rc.finalize = False
