"""How processes ended, as `subprocess` and Ray's nodes tell it."""

import signal

from runyard_server.compute.base import Observation


def ended(status: int | None) -> Observation:
    """What is seen of an agent that has ended: its exit status, negative the signal's number."""
    if status is None or status >= 0:
        return Observation(alive=False, exit_code=status)
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return Observation(alive=False, signal=name)
