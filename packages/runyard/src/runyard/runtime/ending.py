"""From an exit status and the end of a log to an outcome, as plain FinishReport.

The message of a failed script is what the v1 SDK's users know: `User program failed with
<Exception>: <text>`, taken from the traceback at the end of the log.
"""

from __future__ import annotations

import os
import re
import signal
import time
from typing import Any, Dict, List, Optional

from runyard.runtime import names

TAIL_BYTES = 64 << 10
TAIL_LINES = 20
PORT_LINES = 40
LINE_CHARACTERS = 1000
MESSAGE_CHARACTERS = 4000
HELPER_CHARACTERS = 1500
FULL_BYTES = 64 << 10
_TRACEBACK = "Traceback (most recent call last):"
_EXCEPTION = re.compile(r"([A-Za-z_][\w.]*)(?:: (.*))?$")
_ATTEMPT = re.compile(r"\[attempt [0-9]+ begins\]")
# As Python, PyTorch and TensorFlow 1 and 2 say it.
_TAKEN = re.compile("address already in use|EADDRINUSE|Could not start gRPC server", re.IGNORECASE)
_SYNTAX = re.compile(r"(?:Syntax|Indentation|Tab)Error: ")

Report = Dict[str, Any]


def completed() -> Report:
    """Give the outcome of a job that did what it should."""
    return _report(names.COMPLETED, exit_code=0)


def canceled() -> Report:
    """Give the outcome of a job that was canceled."""
    return _report(names.CANCELED)


def stopped() -> Report:
    """Give the outcome of a node that was told to stop because others had failed."""
    return _report(names.STOPPED)


def cut_off(node: str) -> Report:
    """Give the outcome of a node that ended its processes because nobody could reach it."""
    text = f"{node} could not reach the service for {names.FENCE_SECONDS:.0f} s"
    return failed(f"{text} and ended its processes", names.SERVICE_ERROR)


def failed(
    message: str,
    code: str = names.USER_ERROR,
    log: str = "",
    exit_code: Optional[int] = None,
    signal_name: Optional[str] = None,
) -> Report:
    """Give the outcome of a job that failed.

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
        "log_tail": "\n".join(tail(log)[-TAIL_LINES:]) if log else "",
    }
    return _report(names.FAILED, exit_code=exit_code, signal_name=signal_name, error=error)


def from_exit(status: int, log: str, who: str = "") -> Report:
    """Give the outcome of a process that ended by itself.

    Args:
        status: Its exit code; negative: the signal that ended it.
        log: The file with its output.
        who: Which of several it is, told before the message.
    """
    before = f"{who}: " if who else ""
    if status == 0:
        return completed()
    if status < 0:
        name = signal_name(-status)
        hint = "; the machine may have run out of memory" if name == "SIGKILL" else ""
        text = f"{before}User program was ended by {name} (signal {-status}){hint}"
        return failed(text, log=log, signal_name=name)
    said = exception(tail(log))
    if said:
        return failed(f"{before}User program failed with {said}", log=log, exit_code=status)
    hint = "the end of its log tells more"
    if _is_full(os.path.dirname(log)):
        hint = f"no space is left on the disk of '{os.path.dirname(log)}'"
    text = f"{before}User program failed with exit code {status}; {hint}"
    return failed(text, log=log, exit_code=status)


def helper_failed(name: str, status: int, log: str) -> Report:
    """Give the outcome of a program that failed at starting the processes, such as mpirun.

    Args:
        name: The program.
        status: Its exit code; negative: the signal that ended it.
        log: The file with its output, which is the message.
    """
    lines = [line.strip() for line in tail(log)]
    said = " ".join(line for line in lines if line.strip("-"))[-HELPER_CHARACTERS:]
    after = f": {said}" if said else ""
    if status < 0:
        text = f"{name} was ended by {signal_name(-status)} (signal {-status}){after}"
        return failed(text, log=log, signal_name=signal_name(-status))
    return failed(f"{name} failed with exit code {status}{after}", log=log, exit_code=status)


def signal_name(number: int) -> str:
    """Give a signal's name."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def tail(log: str) -> List[str]:
    """Give the last lines of a log, whatever bytes are in it; none of a former attempt."""
    try:
        with open(log, "rb") as stream:
            stream.seek(0, os.SEEK_END)
            stream.seek(max(0, stream.tell() - TAIL_BYTES))
            text = stream.read().decode("utf-8", "replace")
    except OSError:
        return []
    lines = [line.rstrip("\r")[-LINE_CHARACTERS:] for line in text.rstrip().split("\n")]
    begins = [number for number, line in enumerate(lines, start=1) if _ATTEMPT.fullmatch(line)]
    return lines[begins[-1] :] if begins else lines


def port_was_taken(log: str) -> bool:
    """Whether a process says at the end of its log that another has the port kept for it."""
    return any(_TAKEN.search(line) for line in tail(log)[-PORT_LINES:])


def exception(lines: List[str]) -> str:
    """Give `<Exception>: <text>` from the last traceback, "" if there is none."""
    starts = [i for i, line in enumerate(lines) if line == _TRACEBACK]
    if not starts:
        last = [line for line in lines if _SYNTAX.match(line)]
        return last[-1] if last else ""
    for place in range(starts[-1] + 1, len(lines)):
        line = lines[place]
        if line[:1] not in (" ", "") and _EXCEPTION.match(line):
            return "\n".join(_with_rest(lines, place))
    return ""


def _is_full(folder: str) -> bool:
    """Whether a disk is full, so that not even the traceback found room in the log."""
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < FULL_BYTES


def _with_rest(lines: List[str], place: int) -> List[str]:
    """Add the further lines of an exception's text; a few are enough."""
    return [line for line in lines[place : place + 5] if line.strip()]


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
