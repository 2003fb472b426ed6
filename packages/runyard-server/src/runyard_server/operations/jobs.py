"""What agents ask and tell about their jobs.

The rules behind it make runs happen: see `execution.jobs`.
"""

from runyard_server.execution.jobs import finish, get, report

__all__ = ["finish", "get", "report"]
