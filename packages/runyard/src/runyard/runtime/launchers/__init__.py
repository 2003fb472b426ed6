"""Which processes a job starts: one launcher per kind of job."""

from __future__ import annotations

from runyard.runtime.job import JobError
from runyard.runtime.launchers.base import Launcher, Node
from runyard.runtime.launchers.single import SingleLauncher

LAUNCHERS = {"single": SingleLauncher}

__all__ = ["LAUNCHERS", "Launcher", "Node", "launcher"]


def launcher(kind: str) -> Launcher:
    """Give the launcher of a kind.

    Raises:
        JobError: There is none of that kind.
    """
    found = LAUNCHERS.get(kind)
    if found is None:
        raise JobError(
            f"there is no launcher '{kind}' in this version; there are: {', '.join(LAUNCHERS)}"
        )
    return found()
