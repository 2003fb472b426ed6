"""What has been answered: counts and times, kept over restarts of the gateway.

Counts lie in a file that is written a moment after the first request since the last time, and
before they are told to anybody: what a killed gateway had counted meanwhile is lost, but no counter
that somebody has seen goes back.
"""

import asyncio
import logging
from bisect import bisect_right
from pathlib import Path

import msgspec

# Upper bounds of the histograms' buckets, in seconds.
BOUNDS = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
# Batches are of so many rows.
ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
WRITE_SECONDS = 1.0
FAILED = 500
# So many are sorted in 50 µs, for which requests wait.
_MOST_LATE = 512

_log = logging.getLogger(__name__)


class Histogram(msgspec.Struct, omit_defaults=True):
    """How often what was how large: a count for each bucket, and one for all that is larger.

    What is added waits in `late` for `settle`: sorting many costs a fifth of a search for each.
    """

    buckets: list[int] = msgspec.field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0
    late: list[float] = []

    def settle(self) -> None:
        """Count what waits."""
        late, self.late = self.late, []
        if not late:
            return
        late.sort()
        self.total += sum(late)
        before = 0
        for place, bound in enumerate(BOUNDS):
            end = bisect_right(late, bound)
            self.buckets[place] += end - before
            before = end
        self.buckets[-1] += len(late) - before


class Tally(msgspec.Struct):
    """What was answered in one protocol by one deployment; `""` is what none was chosen for."""

    codes: dict[int, int] = {}
    taken: Histogram = msgspec.field(default_factory=Histogram)
    queued: Histogram = msgspec.field(default_factory=Histogram)
    ran: Histogram = msgspec.field(default_factory=Histogram)
    received: int = 0
    sent: int = 0
    run_us: int = 0

    def add(
        self,
        status: int,
        seconds: float,
        received: int,
        sent: int,
        waited: float | None,
        run_us: int,
    ) -> None:
        """Count a request that was answered.

        Args:
            status: The HTTP status.
            seconds: What it took.
            received: The bytes of its body.
            sent: Those of the answer's.
            waited: For how many seconds it waited for a worker; None: none was called.
            run_us: What `run` took, in microseconds.
        """
        # One place for all, without calls: each request comes by here.
        self.codes[status] = self.codes.get(status, 0) + 1
        self.received += received
        self.sent += sent
        late = self.taken.late
        late.append(seconds)
        if waited is not None:
            self.queued.late.append(waited)
            self.ran.late.append(run_us * 1e-6)
            self.run_us += run_us
        if len(late) >= _MOST_LATE:
            self.settle()

    def settle(self) -> None:
        """Have the histograms hold all that was added."""
        for each in (self.taken, self.queued, self.ran):
            each.settle()


class DeploymentCounts(msgspec.Struct):
    """What one deployment has answered, by protocol."""

    protocols: dict[str, Tally] = {}
    rows: dict[int, int] = {}
    last_request: float = 0.0
    restarts: int = 0

    def of(self, protocol: str) -> Tally:
        """The counts of a protocol."""
        found = self.protocols.get(protocol)
        if found is None:
            found = self.protocols[protocol] = Tally()
        return found

    @property
    def requests(self) -> int:
        """All requests; copies are none."""
        return sum(sum(each.codes.values()) for each in self._asked())

    @property
    def failures(self) -> int:
        """Those that were answered with 500 or more."""
        return sum(n for each in self._asked() for code, n in each.codes.items() if code >= FAILED)

    @property
    def taken(self) -> tuple[int, ...]:
        """How many requests took how long: a count for each of `BOUNDS`, and for what is above."""
        return tuple(map(sum, zip(*(each.taken.buckets for each in self._asked()), strict=True)))

    @property
    def run_us(self) -> int:
        """How long `run` took for all of them."""
        return sum(each.run_us for each in self._asked())

    def settle(self) -> None:
        """Have the histograms hold all that was counted."""
        for each in self.protocols.values():
            each.settle()

    def _asked(self) -> list[Tally]:
        return [each for name, each in self.protocols.items() if name != MIRRORED]


# In the place of a protocol: requests of which this deployment got a copy.
MIRRORED = "mirror"

_Key = tuple[str, str, str]
_Stored = list[tuple[str, str, str, DeploymentCounts]]
_decoder = msgspec.json.Decoder(_Stored)


class Counts:
    """The counts of all deployments.

    Args:
        path: The file that they are kept in.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._complained = False
        self._all: dict[_Key, DeploymentCounts] = {}
        try:
            self._all = read(path)
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("counts begin anew: %s", error)

    def of(self, workspace: str, endpoint: str, deployment: str) -> DeploymentCounts:
        """The counts of a deployment.

        Args:
            workspace: Id of the workspace.
            endpoint: The endpoint's name.
            deployment: The deployment's, "" for what none was chosen for.
        """
        return self._all.setdefault((workspace, endpoint, deployment), DeploymentCounts())

    def keep(self, endpoints: set[tuple[str, str]]) -> None:
        """Forget all other endpoints."""
        for key in [key for key in self._all if key[:2] not in endpoints]:
            del self._all[key]
            self.touch()

    def touch(self) -> None:
        """Something has been counted."""
        if self._timer is None:
            self._timer = self._loop.call_later(WRITE_SECONDS, self.write)

    def settle(self) -> None:
        """Write what has been counted since the last time: it is about to be told."""
        if self._timer is not None:
            self.write()

    def write(self) -> None:
        """Write them now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        for counts in self._all.values():
            counts.settle()
        stored: _Stored = [(*key, counts) for key, counts in self._all.items()]
        new = self._path.with_name(self._path.name + ".new")
        try:
            # Whole or not at all: a kill in between leaves what was there.
            new.write_bytes(msgspec.json.encode(stored))
            new.replace(self._path)
            self._complained = False
        except OSError as error:
            # Said once: a full disk would have the log grow by a line each moment.
            if not self._complained:
                self._complained = True
                _log.warning("counts cannot be written: %s", error)


def read(path: Path) -> dict[tuple[str, str, str], DeploymentCounts]:
    """The counts in a file, by workspace, endpoint and deployment; none where there is no file.

    Raises:
        OSError: It cannot be read.
        MsgspecError: It is none of ours.
    """
    try:
        stored = _decoder.decode(path.read_bytes())
    except FileNotFoundError:
        return {}
    return {(workspace, name, each): counts for workspace, name, each, counts in stored}
