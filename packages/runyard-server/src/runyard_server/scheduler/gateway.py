"""The gateway's process: started with the first endpoint, followed, started again when it is gone.

A thread asks for its status, keeps it for rules and verbs, and wakes the endpoints of which there
is news. A connection that breaks tells at once that the gateway is gone.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from runyard_server import __version__
from runyard_server.core.system import System
from runyard_server.execution import gateway_table
from runyard_server.serving import asking
from runyard_server.serving.asking import GatewayGone
from runyard_server.serving.starting import Command, GatewayProcess
from runyard_server.serving.table import GatewayStatus
from runyard_server.store.subjects import ENDPOINT, Subject

_WAIT_SECONDS = 20.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 0.5
# Counters change with each request: a busy gateway is not asked more often than this.
_GAP_SECONDS = 0.05
_log = logging.getLogger(__name__)


def dismiss(system: System) -> None:
    """Have a gateway without endpoints end."""
    with suppress(GatewayGone):
        asking.stop(gateway_table.folder(system))
    system.gateway.note(None)


class GatewayKeeper:
    """Keeps the gateway going and listens to it.

    Args:
        system: The service's parts.
        wake: Called with the endpoints of which there is news.
        command: Makes the command line of the gateway; by default that of the real one.
    """

    def __init__(
        self,
        system: System,
        wake: Callable[[Iterable[Subject]], None],
        command: Command | None = None,
    ) -> None:
        self._system = system
        self._wake = wake
        self._condition = threading.Condition()
        self._wanted = False
        self._closing = False
        self._thread: threading.Thread | None = None
        self._process = GatewayProcess(system.home.root, command)
        self._told: Mapping[Subject, Hashable] = {}
        self._renewed = 0

    def want(self, *, wanted: bool) -> None:
        """Take note whether there are endpoints: the gateway is started, or ends, soon."""
        with self._condition:
            if wanted and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
                self._thread.start()
            ends = self._wanted and not wanted
            if self._wanted != wanted:
                self._wanted = wanted
                self._condition.notify_all()
        if ends:
            # The thread may be waiting for the gateway's next word.
            dismiss(self._system)

    def close(self) -> None:
        """Listen no more; the gateway goes on."""
        with self._condition:
            self._closing = True
            self._condition.notify_all()

    def _run(self) -> None:
        serial, pause = -1, _FIRST_PAUSE
        while self._goes_on():
            try:
                status = asking.status(self._folder, serial, _WAIT_SECONDS)
            except GatewayGone:
                serial = -1
                self._lost()
                self._rest(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            except Exception:  # noqa: BLE001 - a full disk, for example; it is looked at again
                _log.exception("following the gateway failed")
                self._rest(_LONGEST_PAUSE)
            else:
                serial, pause = status.serial, _FIRST_PAUSE
                self._hear(status)
                self._rest(_GAP_SECONDS)

    @property
    def _folder(self) -> Path:
        return gateway_table.folder(self._system)

    def _goes_on(self) -> bool:
        """Wait while there is no endpoint; say whether the service goes on."""
        with self._condition:
            self._condition.wait_for(lambda: self._wanted or self._closing)
            return not self._closing

    def _rest(self, seconds: float) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._closing or not self._wanted, seconds)

    def _lost(self) -> None:
        if self._system.gateway.status is not None:
            self._system.gateway.note(None)
            self._told = {}
        with self._condition:
            if self._closing or not self._wanted:
                return
        try:
            self._process.ensure()
        except OSError as error:
            _log.error("the gateway cannot be started: %s", error)
            self._rest(_LONGEST_PAUSE)

    def _hear(self, status: GatewayStatus) -> None:
        """Keep what the gateway says, and wake the endpoints that it says something new of."""
        self._system.gateway.note(status)
        self._renew(status)
        now = _by_endpoint(status)
        news = [each for each in now if now[each] != self._told.get(each)]
        news += [each for each in self._told if each not in now]
        self._told = now
        if news:
            self._wake(news)

    def _renew(self, status: GatewayStatus) -> None:
        """Have a gateway of another version's code followed by one of this, once each."""
        if status.release == __version__ or status.pid == self._renewed:
            return
        self._renewed = status.pid
        _log.info("the gateway is of version %s: it is renewed", status.release or "unknown")
        with suppress(GatewayGone):
            self._process.renew()


def _by_endpoint(status: GatewayStatus) -> dict[Subject, Hashable]:
    """What of a status may change what is done for an endpoint."""
    found: dict[Subject, list[Hashable]] = {}
    for each in status.endpoints:
        facts = found.setdefault(Subject(ENDPOINT, each.workspace, each.name), [])
        facts += [status.version, each.listening, each.error]
        for one in each.deployments:
            used = int(one.last_request) // 10
            facts.append((one.name, one.queue, not one.busy, round(one.utilization, 1), used))
    for replica in status.replicas:
        name = replica.run.partition("_")[0]
        # Its workspace is not told; of two endpoints with one name both are woken.
        for subject in [each for each in found if each.id == name]:
            news = replica.news
            facts = found[subject]
            facts.append((replica.run, replica.connected, replica.ready is not None, replica.pid))
            facts.append((replica.restarts, not replica.busy, news and (news.event, news.deaths)))
    return {subject: tuple(facts) for subject, facts in found.items()}
