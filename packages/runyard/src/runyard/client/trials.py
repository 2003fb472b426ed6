"""Trials that this process makes: asked for ahead, told of afterwards, by a courier of its own.

    take()  <-  stock  <-  courier  <->  sweeps.exchange       every 10 to 50 ms
    tell()  ->  file of the process, lines on the way  ->  courier

Nobody waits for the service but who finds the stock empty. The stock holds what the workers need
for the next moments, so it is large for functions that take a millisecond, and empty for those that
take a second: nothing is kept from other processes, and a sampler knows all results when it draws.

An exchange that failed is repeated word for word, under the same number, until the service answers;
so a service that was away or was killed has lost and doubled nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Any, Deque, Dict, List, Optional, Tuple

from runyard.client import leftovers, printing, trial_lines
from runyard.client.own_file import OwnFile
from runyard.client.private import make_folder
from runyard.client.sender import AWAY, FIRST_PAUSE, LONGEST_PAUSE, PATIENCE, TROUBLE
from runyard.protocol.errors import RunyardError
from runyard.protocol.sweeps import SWEEPS_EXCHANGE
from runyard.protocol.timeouts import SWEEP_CLIENT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace import WorkspaceClient

# A sweep whose policy or sampler waits for results hears of them after the first; the second
# makes exchanges four times rarer, which cost as much as a hundred trials.
PROMPT_SECONDS = 0.01
INTERVAL_SECONDS = 0.05
# The stock lasts for so long, which is more than interval and exchange take on a busy machine.
AHEAD_SECONDS = 0.2
MOST_AHEAD = 256
# How quickly the average time of a trial follows the last ones.
NEWEST = 0.3
RENEWAL_SECONDS = SWEEP_CLIENT_SECONDS / 3
LONGEST_WAIT_SECONDS = 1.0
AWAY_SECONDS = 5.0
# A file of so many lines that the service has is begun anew.
MOST_KEPT = 20_000
TRIES = 3


class TrialCourier:
    """The trials of one process of one sweep; safe to use from many threads.

    Args:
        service: The workspace's client.
        sweep: The sweep's id.
        folder: The sweep's spool folder; it is made.
        most_ahead: How many trials may be asked for ahead for each worker.
        interval: Seconds from an exchange to the next while nobody waits.
    """

    def __init__(
        self,
        service: WorkspaceClient,
        sweep: str,
        folder: Path,
        most_ahead: int = MOST_AHEAD,
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self.process = os.getpid()
        self.ended = False
        self.over = False
        self.reason = ""
        self.stopped: Dict[int, str] = {}
        self.workers = 0
        self._service = service
        self._sweep = sweep
        self._folder = folder
        self._most_ahead = most_ahead
        self._file, self.path = self._open()
        # The name of the file, by which whoever brings what it holds is known as this client.
        self.name = self.path.name[: -len(trial_lines.SUFFIX)]
        self._sequence = 0
        self._lines: Deque[str] = deque()
        self._returned: List[int] = []
        self._stock: Deque[Tuple[int, Dict[str, Any]]] = deque()
        self._seconds = 1.0
        self._known_seconds = False
        self._waiting = 0
        self._written = 0
        self._kept = 0
        self._before = 0
        self._interval = self._pause = interval
        self._resting = False
        self._leaving = False
        self._closed = False
        self._said = False
        self._failure: Optional[RunyardError] = None
        # In the order of their lines in the file, so that `kept` counts the same ones.
        self._telling = threading.Lock()
        self._news = threading.Condition()
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._run, name="runyard-trials", daemon=True)
        self._thread.start()

    @property
    def usable(self) -> bool:
        """Whether this is the courier of the present process, and takes further lines."""
        return not self._leaving and self.process == os.getpid()

    def take(self, seconds: Optional[float] = None) -> Optional[Tuple[int, Dict[str, Any]]]:
        """Take the next trial to make, its number and parameters; None: no further one comes.

        Args:
            seconds: How long this worker took for the trial before.

        Raises:
            RunyardError: The service refuses to exchange.
        """
        if seconds is not None:
            known = self._seconds if self._known_seconds else seconds
            self._seconds = known + NEWEST * (seconds - known)
            self._known_seconds = True
        while not self.over:
            with contextlib.suppress(IndexError):
                return self._stock.popleft()
            with self._news:
                if self._stock:
                    continue
                if self._failure is not None:
                    raise self._failure
                if self.ended or self._leaving:
                    return None
                self._waiting += 1
                self._wake.set()
                try:
                    while not (self._stock or self.ended or self._leaving or self._failure):
                        self._news.wait()
                finally:
                    self._waiting -= 1
        return None

    def tell(self, line: str) -> bool:
        """Write what is told, so that it is not lost; False: this courier has been closed.

        Args:
            line: One that `trial_lines` has made.
        """
        with self._telling:
            if self._closed:
                return False
            try:
                self._file.write(line.encode("ascii"))
            except FileNotFoundError:
                # Somebody closed the descriptor, and the file was taken for a dead process's.
                self._file, self.path = self._open()
                self._before = self._written
                self._file.write(line.encode("ascii"))
            self._lines.append(line)
            self._written += 1
        if self._resting:
            self._wake.set()
        return True

    def give_back(self, number: int) -> None:
        """Put a trial back that will not be told of; another one makes it."""
        self._returned.append(number)
        self._wake.set()

    def flush(self, seconds: float) -> bool:
        """Wait until the service has on disk what was told; say whether it does.

        Args:
            seconds: How long to wait at most.
        """
        wanted, deadline = self._written, time.monotonic() + seconds
        with self._news:
            while self._kept < wanted and not self._closed and self._failure is None:
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._wake.set()
                self._news.wait(left)
        return self._kept >= wanted

    def leave(self) -> None:
        """Begin to end: bring the rest and return what was not made."""
        with self._news:
            self._leaving = True
            self._stock.clear()
            self._news.notify_all()
        self._wake.set()

    def close(self, seconds: float) -> bool:
        """End; say whether all was brought. What was not stays in the file, for the next client.

        Args:
            seconds: How long to wait at most.
        """
        self.leave()
        self._thread.join(max(0.0, seconds))
        return self._closed

    def _run(self) -> None:
        due = False
        try:
            while not self._closed:
                lines, leaves, body = self._next(due)
                if body is not None:
                    self._take_in(self._exchanged(body), lines, leaves)
                if not self._leaving:
                    due = not self._rest(RENEWAL_SECONDS if body is None else self._pause)
                    due = due and body is None
        except RunyardError as error:
            self._failure = error
        finally:
            with self._news:
                self._news.notify_all()

    def _next(self, renews: bool) -> Tuple[int, bool, Optional[bytes]]:
        """The next exchange: how many lines it brings, whether it is the last, and its JSON."""
        with self._telling:
            many = min(len(self._lines), trial_lines.MOST_LINES)
            lines = [self._lines[index] for index in range(many)]
            leaves = self._leaving and many == len(self._lines)
        returned, self._returned = self._returned, []
        ask = 0 if self.ended or self._leaving else self._missing()
        if not (lines or returned or leaves or ask or renews):
            return 0, False, None
        self._sequence += 1
        more = {"ask": ask, "returned": returned, "leaves": leaves}
        body = trial_lines.exchange(self.name, self._sequence, lines, more)
        return many, leaves, body

    def _missing(self) -> int:
        """How many trials the stock lacks."""
        ahead = 0
        if self._known_seconds:
            ahead = int(self.workers * AHEAD_SECONDS / max(self._seconds, 1e-6))
        ahead = min(ahead, self._most_ahead * self.workers)
        return max(0, self._waiting + ahead - len(self._stock))

    def _rest(self, seconds: float = RENEWAL_SECONDS) -> bool:
        """Wait until there is something to say; False: there was nothing for so long.

        Args:
            seconds: How long to wait at most.
        """
        self._resting = seconds > self._interval
        # What came before the flag was up has woken nobody.
        if self._resting and self._lines:
            self._resting = False
            return True
        woken = self._wake.wait(seconds)
        self._resting = False
        self._wake.clear()
        return woken

    def _exchanged(self, body: bytes) -> Dict[str, Any]:
        """Exchange, again and again until it is done."""
        pause, faults, since = FIRST_PAUSE, 0, time.monotonic()
        while True:
            try:
                answer = self._service.read(SWEEPS_EXCHANGE, self._sweep, body=body)
            except AWAY:
                self._say_away(since)
            except TROUBLE:
                faults += 1
                if faults > PATIENCE:
                    raise
            else:
                found: Dict[str, Any] = json.loads(answer.decode("utf-8"))
                return found
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    def _take_in(self, answer: Dict[str, Any], lines: int, leaves: bool) -> None:
        self._keep(lines)
        trials = [(each["number"], each["params"]) for each in answer.get("trials", ())]
        for verdict in answer.get("verdicts", ()):
            self.stopped[verdict["number"]] = verdict["reason"]
        waits = self._waiting and not trials and not lines
        self._pause = min(self._pause * 1.5, LONGEST_WAIT_SECONDS) if waits else self._interval
        with self._news:
            self.reason = answer.get("reason", "")
            self.over = self.over or answer.get("over", False)
            self.ended = self.ended or answer.get("ended", False)
            if not self.over and not self._leaving:
                self._stock.extend(trials)
            if trials or lines or self.ended:
                self._news.notify_all()
        if leaves:
            self._end()

    def _keep(self, lines: int) -> None:
        """Note that the service has the first lines of those that are on the way."""
        if not lines:
            return
        with self._telling:
            for _ in range(lines):
                self._lines.popleft()
            self._kept += lines
            mine = self._kept - self._before
            if not self._lines and mine > MOST_KEPT:
                # Somebody may have removed it; without this thread all workers would wait for ever.
                with contextlib.suppress(OSError):
                    os.truncate(str(self.path), 0)
                    self._before = self._written
            elif mine > 0:
                # Without it these lines would be brought once more, which does no harm.
                with contextlib.suppress(OSError):
                    self._file.write(trial_lines.kept(mine).encode("ascii"))

    def _end(self) -> None:
        with self._telling:
            if self._lines:
                return
            self._closed = True
            self._file.close()
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        leftovers.clear(self._folder)

    def _open(self) -> Tuple[OwnFile, Path]:
        for _ in range(TRIES):
            # Whoever brought the last file of a dead process removes the folder.
            with contextlib.suppress(FileNotFoundError):
                make_folder(self._folder)
                leftovers.mark(self._folder, self._service)
                path = self._folder / f"{os.getpid()}-{os.urandom(6).hex()}{trial_lines.SUFFIX}"
                return OwnFile(path, new=True), path
        raise FileNotFoundError(f"{self._folder} is removed again and again; try once more")

    def _say_away(self, since: float) -> None:
        if not self._said and time.monotonic() - since > AWAY_SECONDS:
            self._said = True
            printing.tell(
                f"runyard: the service is away; trials of sweep {self._sweep} that were told stay "
                f"in {self._folder} and are brought when it is back"
            )
