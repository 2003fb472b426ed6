"""Beats of the processes that began interactive runs.

The rules behind it make runs happen: see `execution.beats`.
"""

from runyard_server.execution.beats import note

__all__ = ["note"]
