"""The run of this process: asked for here, made by whoever knows all that a run belongs to.

`Run.get_context()` needs no object to begin with, so a run must find its workspace without knowing
that class. `sdk.run_context` knows it, and `runyard.sdk` says here that it is the one to ask.
"""

from __future__ import annotations

# typing costs more than this module.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable, List

    from runyard.sdk.runs import Run

_makers: List[Callable[[bool], Run]] = []


def made_by(maker: Callable[[bool], Run]) -> None:
    """Name the function that finds or begins the run; it is told whether it may begin one."""
    _makers[:] = [maker]


def current(allow_offline: bool = True) -> Run:
    """The run in which this process is; see `Run.get_context`."""
    (maker,) = _makers
    return maker(allow_offline)
