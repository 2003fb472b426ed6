"""A mark that all processes of a job inherit, whatever they do, and that none can take off.

A process that forks twice into a session of its own, with a cleared environment or a title written
over it, bears no other sign of where it came from, and once its agent is dead no ancestor tells.
The limit on file locks has had no effect since Linux 2.4, but each process still gets its parent's,
by fork and by exec, and cannot raise it. The agent sets its own to a number that nobody else has;
a reader needs one system call. It needs neither rights nor cgroups. Its bounds: a process that
lowers this limit itself, and systems without it, where the other signs of `tree` are all there is.

A service that a job's script has started, because none ran, is not the job's: it lowers the limit
by one (`runyard_server.app.stepping_out`), and is passed over with all that it has started.
"""

from __future__ import annotations

import os
import resource

# RLIMIT_LOCKS, the same on every architecture but for a few that nobody trains on.
LOCKS = 10
# So much room is needed for numbers that do not meet by chance.
LEAST = 1 << 40


def put() -> int:
    """Mark this process and all that it will start; give the mark, 0 where there are none."""
    try:
        hard = resource.getrlimit(LOCKS)[1]
        # Below the mark of a job in which this service runs: nobody may raise it.
        top = 1 << 62 if hard == resource.RLIM_INFINITY else hard
        if top < LEAST or not hasattr(resource, "prlimit"):
            return 0
        # Below this process's own limit, and high enough that jobs within jobs find room too.
        mark = top // 2 + int.from_bytes(os.urandom(8), "big") % (top // 4)
        # The hard limit too: without rights a process can lower it and never raise it again.
        resource.setrlimit(LOCKS, (mark, mark))
    except (OSError, ValueError):
        return 0
    return mark


def of(pid: int) -> int:
    """The mark of a process, some other number where it has none, 0 if it cannot be seen."""
    try:
        return resource.prlimit(pid, LOCKS)[1]
    except (OSError, AttributeError):
        return 0
