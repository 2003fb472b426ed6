"""How a program that works on a run folder stands: alone, and with these exit statuses."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder

# Somebody else works in the run folder; the service was away for too long.
BUSY = 3
UNDELIVERED = 75


def stand_alone(folder: RunFolder) -> None:
    """Be independent of whoever started this process: own session, no terminal, no pipes."""
    if os.getsid(0) != os.getpid():
        # Refused to the leader of a process group, as from an interactive shell; that may end it.
        with suppress(PermissionError):
            os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    try:
        log = os.open(folder.agent_log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:
        log = nothing
    os.dup2(log, 1)
    os.dup2(log, 2)
    for file in {nothing, log} - {0, 1, 2}:
        os.close(file)
