"""Samples what the job, the node and its GPUs use, and puts it into the spool as lines.

A thread of its own, which the agent begins a second after the script, so that a short job pays
nothing for it: every second at first, then every five. What a look costs is measured: where a
machine has so many processes that it takes long, looks are rarer, and the thread never takes more
than half a hundredth of a core. In a job of weeks they are rarer too, so that its series stay
readable.

Lines are of kind `usage`, named as `protocol.usage` says. What cannot be read is left out and told
once in the agent's log; the rest goes on, and nothing that happens here harms the job.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional, Sequence, Set

from runyard.runtime import names, variables

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.gpus import Gpus
    from runyard.runtime.job import Job
    from runyard.runtime.machine import Machine
    from runyard.runtime.managed_process import ManagedProcess
    from runyard.runtime.process_usage import Group

YOUNG_PAUSE, PAUSE, YOUNG_SECONDS = 1.0, 5.0, 30.0
# The share of a core that looks may take.
SHARE = 0.005
# Of the job's age: a day has a look every nine seconds, a week one a minute.
AGE_SHARE = 1 / 10_000
# Each sending is a request and a row for each series: the older the job, the more go together.
FIRST_SENDING, LONGEST_SENDING, SENDING_SHARE = 2.0, 60.0, 1 / 60
LARGE = 1000
OFF = ("0", "false", "no", "off")


def wanted(job: Job, folder: RunFolder) -> bool:
    """Whether the settings of the service, and the job's own variables, let it be sampled.

    Args:
        job: The job.
        folder: Its run folder.
    """
    told = variables.value(job, folder, names.SYSTEM_METRICS_VARIABLE).strip().lower()
    return job.system_metrics and told not in OFF


class Sampler:
    """The thread that samples one job on this node.

    Args:
        job: The job.
        folder: Its run folder.
        started: Its processes on this node: those below them are sampled, too.
        mark: What they are marked with, 0 for nothing.
        began: When they were started, on the clock of `time.monotonic`.
    """

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        started: Sequence[ManagedProcess],
        mark: int,
        began: float,
    ) -> None:
        self._job = job
        self._folder = folder
        self._started = started
        self._mark = mark
        self._began = began
        self._sent = time.monotonic()
        self._times = Times()
        self._look: Optional[Look] = None
        self._lines: List[str] = []
        self._path = os.path.join(folder.spool, f"{os.getpid()}-{os.urandom(4).hex()}.jsonl")
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()

    def stop(self) -> None:
        """Sample no more; what was sampled is in the spool."""
        self._end.set()
        if self._thread.is_alive():
            # It may wait for a driver that does not answer: not for ever.
            self._thread.join(1.0)
        if not self._thread.is_alive():
            self._flush()

    def step(self) -> float:
        """Take one sample, and send what it is time for; returns the seconds until the next."""
        begun = time.thread_time()
        if self._look is None:
            self._look = Look(self._job, self._folder, self._mark, self._began)
            self._take(self._look.constants())
        self._take(self._look.values(self._groups()))
        self._send()
        return self._pause(time.thread_time() - begun)

    def _run(self) -> None:
        pause = 0.0
        try:
            while not self._end.wait(pause):
                pause = self.step()
        except Exception as error:  # noqa: BLE001 - whatever it is, the job goes on
            # Into the agent's own log, once: it would be the same at the next look.
            sys.stderr.write(f"system metrics are not sampled: {error!r}\n")

    def _groups(self) -> List[Group]:
        """The processes with what their series are called; mpirun starts its ranks later."""
        from runyard.runtime.process_usage import Group

        alone = self._job.kind == names.SINGLE
        return [
            Group(scope, each.pid)
            for each in self._started
            for scope in ([] if alone else [f"rank/{task.rank}" for task in each.plan.tasks])
            or ["job"]
            if each.pid > 0
        ]

    def _pause(self, cost: float) -> float:
        age = time.monotonic() - self._began
        usual = YOUNG_PAUSE if age < YOUNG_SECONDS else max(PAUSE, age * AGE_SHARE)
        return max(usual, cost / SHARE)

    def _take(self, values: Dict[str, Any]) -> None:
        now = self._times.microseconds()
        for name, value in values.items():
            text = json.dumps(value)
            self._lines.append(
                f'{{"n":"system/{self._job.node}/{name}","k":"usage","v":{text},"s":null,'
                f'"t":{now}}}\n'
            )

    def _send(self) -> None:
        now = time.monotonic()
        age = now - self._began
        wait = min(max(FIRST_SENDING, age * SENDING_SHARE), LONGEST_SENDING)
        # Half a look sooner than later.
        if now - self._sent >= wait - YOUNG_PAUSE / 2:
            self._sent = now
            self._flush()

    def _flush(self) -> None:
        lines, self._lines = self._lines, []
        if not lines:
            return
        try:
            with open(self._path, "a", encoding="ascii") as stream:
                stream.write("".join(lines))
        except OSError:
            # A full disk: the script needs what room there is.
            return


class Look:
    """What one look tells, from what the one before it saw.

    Args:
        job: The job.
        folder: Its run folder.
        mark: What its processes are marked with, 0 for nothing.
        began: When the processes were started, on the clock of `time.monotonic`.
    """

    def __init__(self, job: Job, folder: RunFolder, mark: int, began: float) -> None:
        from runyard.runtime.machine import Machine
        from runyard.runtime.process_usage import ProcessUsage

        self._machine: Machine = Machine(folder.root)
        self._processes = ProcessUsage(mark, began)
        self._faults: Set[str] = set()
        self._gpus: Optional[Gpus] = None
        self._part("GPUs", lambda: self._find_gpus(job))
        self._before: Dict[str, float] = {}
        self._at = 0.0

    def constants(self) -> Dict[str, Any]:
        """What does not change: what there is at most, and what GPUs are called."""
        node = self._part("the node's sizes", self._machine.capacities)
        return {**_named("node", node, "_capacity"), **self._part("GPUs", self._gpu_constants)}

    def values(self, groups: List[Group]) -> Dict[str, Any]:
        """What is used now, and since the last look.

        Args:
            groups: The processes of the job.
        """
        found: Dict[str, Any] = {}
        used = self._part("processes", lambda: self._processes.measure(groups))
        for scope, values in used.items():
            found.update(_named(scope, values))
        found.update(_named("node", self._part("memory and disk", self._machine.levels)))
        found.update(_named("node", self._part("the node's counters", self._rates)))
        found.update(self._part("GPUs", self._gpu_levels))
        return found

    def _part(self, what: str, measure: Callable[[], Dict[str, Any]]) -> Dict[str, Any]:
        """Measure one of the things; nothing, told once, where that fails: the rest goes on."""
        try:
            return measure()
        except Exception as error:  # noqa: BLE001 - odd systems must not cost all the others
            if what not in self._faults:
                self._faults.add(what)
                sys.stderr.write(f"of system metrics, {what} cannot be read: {error!r}\n")
            return {}

    def _find_gpus(self, job: Job) -> Dict[str, Any]:
        from runyard.runtime.machine import may_have_gpus

        if may_have_gpus():
            from runyard.runtime import gpus

            given = job.spec.get("environment_variables") or {}
            name = "CUDA_VISIBLE_DEVICES"
            self._gpus = gpus.Gpus(given.get(name, os.environ.get(name)))
        return {}

    def _gpu_constants(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        if self._gpus is not None:
            for number, label in self._gpus.labels().items():
                found[f"gpu/{number}/label"] = label
            for number, values in self._gpus.capacities().items():
                found.update(_named(f"gpu/{number}", values, "_capacity"))
        return found

    def _gpu_levels(self) -> Dict[str, Any]:
        found: Dict[str, Any] = {}
        if self._gpus is not None:
            for number, values in self._gpus.levels().items():
                found.update(_named(f"gpu/{number}", values))
        return found

    def _rates(self) -> Dict[str, float]:
        now, totals = time.monotonic(), self._machine.totals()
        before, seconds = self._before, now - self._at
        self._before, self._at = totals, now
        return {
            # Never below zero: a counter may begin anew.
            name: max(0.0, total - before[name]) / seconds
            for name, total in totals.items()
            if name in before and seconds > 0
        }


def _named(scope: str, values: Dict[str, float], more: str = "") -> Dict[str, Any]:
    """Values by the names of their series; whole bytes, and cores by the thousandth."""
    # Thousandths of what is counted in millions would only make the lines longer.
    return {
        f"{scope}/{name}{more}": round(value) if value >= LARGE else round(value, 3)
        for name, value in values.items()
    }


class Times:
    """Times of samples, which never go back, whatever is done to the machine's clock.

    A clock that was wrong and is put forward is followed. One that is put back is not: a series
    that turns around could not be drawn, and an hour of samples would stand on another's.
    """

    def __init__(self) -> None:
        # Goes on while the machine sleeps; only Linux has it.
        self._clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
        self._ahead = -float("inf")

    def microseconds(self) -> int:
        """Now, since 1970."""
        steady = time.clock_gettime(self._clock)
        self._ahead = max(self._ahead, time.time() - steady)
        return int((steady + self._ahead) * 1e6)
