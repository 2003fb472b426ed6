"""Interactive runs whose process is gone: killed, or not heard of for five minutes.

A process of this machine is looked for itself, so its end is seen at once, and as long as it lives
it may be silent (stopped in a debugger, busy in a library that lets no thread run). One of another
machine, or of another container, beats; there only time in which this service listened counts.
"""

from runyard.protocol.timeouts import SESSION_LOST_SECONDS
from runyard_server.compute import processes
from runyard_server.compute.processes import Process
from runyard_server.core.beating import Beating
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.execution import beats
from runyard_server.scheduler.liveness import Listening


class Contact:
    """Watches the processes of interactive runs.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._listening = Listening(system)
        self._here = processes.namespace()
        self._taken_up = False

    def look(self) -> None:
        """Declare lost the runs whose process is gone; call it about once a second."""
        if not self._taken_up:
            # Here and not where this is made: should the database fail, the loop tries again.
            beats.take_up(self._system)
            self._taken_up = True
        self._listening.look()
        for key, beating in self._system.beating.all().items():
            reason = self._reason(beating)
            if reason:
                beats.lose(self._system, key, reason)

    def _reason(self, beating: Beating) -> str:
        """Why a process counts as lost, "" while it does not."""
        process = self._process(beating.process)
        if process is not None:
            gone = not processes.is_alive(process)
            return f"process {process.pid} has ended without a word" if gone else ""
        heard = max(beating.heard, self._listening.since)
        if self._system.clock.now_us() - heard <= SESSION_LOST_SECONDS * SECOND:
            return ""
        return f"it has not been heard of for {SESSION_LOST_SECONDS / 60:.0f} minutes"

    def _process(self, told: str) -> Process | None:
        """The process that was told, None if it cannot be seen from here."""
        namespace, _, rest = told.partition("/")
        pid, _, started = rest.partition("/")
        if not self._here or namespace != self._here or not pid.isdecimal():
            return None
        same_boot = processes.same_boot(started)
        return Process(int(pid), started) if same_boot else None
