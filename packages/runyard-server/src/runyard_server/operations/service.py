"""The service about itself: who it is, what it is doing, and how it is stopped.

Stopping ends the service's process alone. Agents and the jobs under them are processes of their
own: they go on, and report when a service is there again.
"""

import os
import sys

from runyard.protocol import PROTOCOL
from runyard.protocol.route import Nothing
from runyard.protocol.runs import INTERACTIVE_TARGET
from runyard.protocol.service import PRODUCT, About, ServiceStatus
from runyard_server import __version__
from runyard_server.compute import processes
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.execution.unfinished import every_endpoint
from runyard_server.store import runs


def about(_system: System) -> About:
    """Who answers here."""
    return About(PRODUCT, __version__, PROTOCOL)


def status(system: System) -> ServiceStatus:
    """What the service is doing."""
    return ServiceStatus(
        version=__version__,
        protocol=PROTOCOL,
        pid=os.getpid(),
        home=str(system.home.root),
        url=system.url(),
        started_at=iso(system.activity.started_us),
        python=sys.version.split()[0],
        active_runs=active_runs(system),
        open_streams=system.activity.streams,
        idle_seconds=round(system.activity.idle_seconds(), 3),
        memory_bytes=processes.memory_bytes(),
    )


def stop(system: System) -> Nothing:
    """Stop the service once its open requests are answered; runs go on."""
    system.activity.stop()
    return Nothing()


def active_runs(system: System) -> int:
    """Count the jobs that have not ended.

    Interactive runs do not count: their process asks for the service whenever it needs one, and
    one that was killed would keep the service up for ever.
    """
    return system.read(lambda work: runs.count_active(work.connection, INTERACTIVE_TARGET))


def is_needed(system: System) -> bool:
    """Whether something would stand still without a service: a job, or an endpoint.

    An endpoint answers without one, but none of its replicas would be replaced or started.
    """
    # Endpoints answer without it, but a replica that dies is replaced by nobody else.
    return bool(active_runs(system)) or bool(every_endpoint(system))
