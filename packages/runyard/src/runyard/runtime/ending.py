"""From an exit status and its cause to an outcome, as plain FinishReport.

The message of a failed script is what the v1 SDK's users know: `User program failed with
<Exception>: <text>`. `causes` tells which.
"""

from __future__ import annotations

import os
import re
import signal
import time
from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.protocol.timeouts import FENCE_SECONDS
from runyard.runtime import names

if TYPE_CHECKING:
    from runyard.runtime.causes import Told

TAIL_LINES = 20
PORT_LINES = 40
MESSAGE_CHARACTERS = 4000
HELPER_CHARACTERS = 1500
FULL_BYTES = 64 << 10
# As Python, PyTorch and TensorFlow 1 and 2 say it.
_TAKEN = re.compile("address already in use|EADDRINUSE|Could not start gRPC server", re.IGNORECASE)

Report = Dict[str, Any]


def completed() -> Report:
    """The outcome of a job that did what it should."""
    return _report(names.COMPLETED, exit_code=0)


def canceled() -> Report:
    """The outcome of a job that was canceled."""
    return _report(names.CANCELED)


def stopped() -> Report:
    """The outcome of a node that was told to stop because others had failed."""
    return _report(names.STOPPED)


def cut_off(node: str) -> Report:
    """The outcome of a node that ended its processes because nobody could reach it."""
    text = f"{node} could not reach the service for {FENCE_SECONDS:.0f} s"
    return failed(f"{text} and ended its processes", names.SERVICE_ERROR)


def failed(
    message: str,
    code: str = names.USER_ERROR,
    log: str = "",
    exit_code: Optional[int] = None,
    signal_name: Optional[str] = None,
) -> Report:
    """The outcome of a job that failed.

    Args:
        message: Why.
        code: UserError or ServiceError.
        log: The file whose last lines are kept with the error; "" for none.
        exit_code: The script's exit code, where there is one.
        signal_name: The signal that ended it.
    """
    error = {
        "code": code,
        "message": message[:MESSAGE_CHARACTERS],
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "exit_code": exit_code,
        "signal": signal_name,
        "log_tail": _end_of(log),
    }
    return _report(names.FAILED, exit_code=exit_code, signal_name=signal_name, error=error)


def from_exit(status: int, log: str, who: str = "", told: Optional[Told] = None) -> Report:
    """The outcome of a process that ended by itself.

    Args:
        status: Its exit code; negative: the signal that ended it.
        log: The file with its output.
        who: Which of several it is, told before the message.
        told: What its interpreter told at its end.
    """
    if status == 0:
        return completed()
    from runyard.runtime import causes

    before = f"{who}: " if who else ""
    cause = causes.of(status, log, told)
    if status < 0:
        text = f"{before}User program {_signaled(status, cause)}"
        return failed(text, log=log, signal_name=signal_name(-status))
    if told is None and _is_full(os.path.dirname(log)):
        cause += f"; no space is left on the disk of '{os.path.dirname(log)}'"
    return failed(f"{before}User program {cause}", log=log, exit_code=status)


def helper_failed(name: str, status: int, log: str) -> Report:
    """The outcome of a program that failed at starting the processes, such as mpirun.

    Args:
        name: The program.
        status: Its exit code; negative: the signal that ended it.
        log: The file with its output, which is the message.
    """
    from runyard.runtime.causes import tail

    lines = [line.strip() for line in tail(log)]
    said = " ".join(line for line in lines if line.strip("-"))[-HELPER_CHARACTERS:]
    after = f": {said}" if said else ""
    if status < 0:
        text = f"{name} was ended by {signal_name(-status)} (signal {-status}){after}"
        return failed(text, log=log, signal_name=signal_name(-status))
    return failed(f"{name} failed with exit code {status}{after}", log=log, exit_code=status)


def signal_name(number: int) -> str:
    """A signal's name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def port_was_taken(log: str) -> bool:
    """Whether a process says at the end of its log that another has the port kept for it."""
    from runyard.runtime.causes import tail

    return any(_TAKEN.search(line) for line in tail(log)[-PORT_LINES:])


def _signaled(status: int, cause: str) -> str:
    """Which signal ended a program, and what it had failed with before."""
    name = signal_name(-status)
    if cause:
        # Python ends itself by SIGINT after a KeyboardInterrupt: that is one and the same.
        return cause if name == "SIGINT" else f"{cause}; it was then ended by {name}"
    hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
    return f"was ended by {name} (signal {-status}){hint}"


def _end_of(log: str) -> str:
    from runyard.runtime.causes import tail

    return "\n".join(tail(log)[-TAIL_LINES:]) if log else ""


def _is_full(folder: str) -> bool:
    """Whether a disk is full, so that not even the traceback found room in the log."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL_BYTES


def _report(
    outcome: str,
    exit_code: Optional[int] = None,
    signal_name: Optional[str] = None,
    error: Optional[Dict[str, Any]] = None,
) -> Report:
    return {
        "outcome": outcome,
        "exit_code": exit_code,
        "signal": signal_name,
        "error": error,
        "warnings": [],
        "seconds": {},
        "cause": "",
        "attempt": 0,
    }
