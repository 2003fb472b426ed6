"""What is told of trials: one line each in a file of the process, until the service has it.

    spool/<sweep>/<process id>-<hex>.trials      {"told":{…}} · {"reported":{…}} · {"kept":n}

A line is on its way as soon as it is written, so a killed process has told all that it told: the
next client of the state folder brings what is left (`leftovers`). `kept` says that the service has
the first n of the others. The file's name is the client's name to the service, and the file is
locked as long as its process lives (`own_file`).
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from json.encoder import encode_basestring_ascii as quote
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence, Tuple

from runyard.client import own_file
from runyard.client.sender import AWAY, TROUBLE
from runyard.protocol import escapes
from runyard.protocol.errors import Conflict, RunyardError

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace_connection import WorkspaceConnection

SUFFIX = ".trials"
REFUSED_SUFFIX = ".refused"
MOST_LINES = 1000
# Beyond all that the client itself has numbered: who brings what it left begins here, and whoever
# repeats that sends the same under the same numbers.
AFTER = 1 << 40
LONGEST_ERROR = 2000
_TOLD, _REPORTED = '{"told":', '{"reported":'
_SHOWN = (("told", _TOLD), ("reported", _REPORTED))


def told(number: int, values: Optional[Sequence[float]], error: str = "") -> str:
    """The line of a trial that has ended.

    Args:
        number: Its number.
        values: A finite number for each objective; None: it has failed.
        error: Why.
    """
    shown = "null" if values is None else f"[{','.join(map(repr, values))}]"
    why = f',"error":{_text(error)}' if error else ""
    at = time.time_ns() // 1000
    return f'{_TOLD}{{"number":{number},"values":{shown}{why},"ended_at":{at}}}}}\n'


def reported(number: int, step: int, value: Optional[float]) -> str:
    """The line of a value on the way.

    Args:
        number: The trial's number.
        step: The step.
        value: The value; None: it is no finite number.
    """
    shown = "null" if value is None else repr(value)
    return f'{_REPORTED}{{"number":{number},"step":{step},"value":{shown}}}}}\n'


def kept(lines: int) -> str:
    """The line that says how many others the service has."""
    return f'{{"kept":{lines}}}\n'


def exchange(client: str, sequence: int, lines: Sequence[str], more: Dict[str, Any]) -> bytes:
    """The JSON of an exchange: lines are put in as they are.

    Args:
        client: Its name.
        sequence: The number of the exchange.
        lines: What is told.
        more: Further fields.
    """
    fields = [f'"client":{quote(client)},"sequence":{sequence}']
    for name, prefix in _SHOWN:
        found = [line[len(prefix) : -2] for line in lines if line.startswith(prefix)]
        if found:
            fields.append(f'"{name}":[{",".join(found)}]')
    fields += [f'"{name}":{json.dumps(value)}' for name, value in more.items() if value]
    return ("{" + ",".join(fields) + "}").encode("ascii")


def files(folder: Path) -> List[Path]:
    """The files of a spool folder in which processes tell of trials."""
    with contextlib.suppress(OSError):
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIX))
    return []


def bring(service: WorkspaceConnection, folder: Path, seconds: float) -> bool:
    """Bring what dead processes have told of a sweep, and return what they had not made.

    Args:
        service: The client of the sweep's workspace.
        folder: The spool folder of the sweep.
        seconds: How long to try.

    Returns:
        Whether nothing of dead processes is left.
    """
    deadline = time.monotonic() + seconds
    done = True
    for path in files(folder):
        descriptor = own_file.take(path)
        if descriptor is not None:
            try:
                done = _bring(service, folder.name, path, deadline) and done
            finally:
                os.close(descriptor)
    return done


def _bring(service: WorkspaceConnection, sweep: str, path: Path, deadline: float) -> bool:
    from runyard.protocol.sweeps import SWEEPS_EXCHANGE

    first, lines = _left(path)
    client = path.name[: -len(SUFFIX)]
    try:
        while time.monotonic() < deadline:
            some = lines[:MOST_LINES]
            lines = lines[MOST_LINES:]
            body = exchange(client, AFTER + first, some, {"leaves": not lines})
            with contextlib.suppress(Conflict):  # one before us has brought this and more
                service.read(SWEEPS_EXCHANGE, sweep, body=body)
            first += len(some)
            if not lines:
                path.unlink()
                return True
    except (*AWAY, *TROUBLE):
        return False
    except RunyardError:
        # The service was set back to a time before these trials, for example.
        path.rename(path.with_suffix(REFUSED_SUFFIX))
        return True
    return False


def _left(path: Path) -> Tuple[int, List[str]]:
    """The lines that the service may not have, and how many came before them."""
    first, found = 0, []
    for line in path.read_text("ascii", "replace").splitlines(keepends=True):
        if line.startswith('{"kept":'):
            with contextlib.suppress(ValueError):
                first = int(line[len('{"kept":') : -2])
        # A full disk may have cut a line; what it told was never taken for told.
        elif line.startswith((_TOLD, _REPORTED)) and line.endswith("}}\n"):
            found.append(line)
    return first, found[first:]


def _text(error: str) -> str:
    return quote(escapes.printable(error[:LONGEST_ERROR]))
