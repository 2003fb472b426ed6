"""The service about itself: who it is, what it is doing, and how it is stopped.

Stopping ends the service's process alone. Agents and the jobs under them are processes of their
own: they go on, and report when a service is there again.
"""

import os
import subprocess
import sys

import msgspec

from runyard.protocol import PROTOCOL
from runyard.protocol.errors import TemporaryError
from runyard.protocol.route import Nothing
from runyard.protocol.runs import INTERACTIVE_TARGET
from runyard.protocol.service import (
    HOME_VARIABLE,
    PRODUCT,
    URL_VARIABLE,
    About,
    DoctorReport,
    ServiceStatus,
    SettingRecord,
    SettingsPage,
)
from runyard_server import __version__
from runyard_server.compute import processes
from runyard_server.core import settings as tables
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.execution.unfinished import due_schedules, every_endpoint
from runyard_server.store import runs

_DOCTOR = "from runyard_server.cli import main; main()"
_DOCTOR_SECONDS = 90
_REPORT = msgspec.json.Decoder(DoctorReport)


def about(_system: System) -> About:
    """Who answers here."""
    return About(PRODUCT, __version__, PROTOCOL)


def status(system: System) -> ServiceStatus:
    """What the service is doing."""
    disk = os.statvfs(system.home.root)
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
        disk_bytes=disk.f_frsize * disk.f_blocks,
        disk_free_bytes=disk.f_frsize * disk.f_bavail,
    )


def settings(system: System) -> SettingsPage:
    """What is set, and where."""
    found = system.settings
    items = [
        SettingRecord(
            name=row.name,
            value=tables.shown(found, row.name),
            default=row.default,
            origin=found.origins.get(row.name, "default"),
            variable=row.variable,
            about=row.about,
        )
        for row in tables.table()
    ]
    return SettingsPage(items, str(system.home.config))


def doctor(system: System) -> DoctorReport:
    """Examine the machine, as `runyard doctor` does.

    Raises:
        TemporaryError: It takes too long, or says nothing that can be read.
    """
    # In a process of its own: what the checks import would stay in the service's memory.
    command = [sys.executable, "-P", "-c", _DOCTOR, "doctor", "--json"]
    environ = {**os.environ, HOME_VARIABLE: str(system.home.root)}
    environ.pop(URL_VARIABLE, None)
    try:
        done = subprocess.run(
            command, env=environ, capture_output=True, timeout=_DOCTOR_SECONDS, check=False
        )
        return _REPORT.decode(done.stdout)
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError) as error:
        raise TemporaryError(
            f"the machine could not be examined: {error}; runyard doctor"
        ) from None


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
    """Whether something would stand still without a service: a job, an endpoint, or a schedule.

    An endpoint answers without one, but none of its replicas would be replaced or started. A
    schedule that is due at night submits nothing if everybody has gone home and the service, too.
    """
    return bool(active_runs(system) or every_endpoint(system) or due_schedules(system))
