"""What the nodes of a run ask of each other through the service.

The rules behind it make runs happen: see `execution.gangs`.
"""

from runyard_server.execution.gangs import join, orders, ranks

__all__ = ["join", "orders", "ranks"]
