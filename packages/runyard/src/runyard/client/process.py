"""This process as others can know it for good: a service on the same machine looks for it.

A pid alone is used again by the system, and means something else in another container. So it goes
with the namespace that it is counted in, the boot, and the moment the process was started. Only
Linux tells all of these without a subprocess; elsewhere beats have to do.
"""

from __future__ import annotations

import os

from runyard.protocol import procfs


def identity() -> str:
    """`<pid namespace>/<pid>/<boot id>-<start in clock ticks>`, "" where it is not known."""
    try:
        namespace = os.readlink("/proc/self/ns/pid")
        started = procfs.moment(procfs.stat("self"), procfs.boot())
    except (OSError, IndexError):
        return ""
    return f"{namespace}/{os.getpid()}/{started}"
