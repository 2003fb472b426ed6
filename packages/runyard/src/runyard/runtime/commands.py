"""Programs that this node's agent starts because another node of the run asks for them.

A thread looks for new ones and tells how they ended; they are started, and looked after, by the
agent itself, as processes of the job. Looking is frequent while mpirun begins and rare later.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Callable, Deque, Dict, List, Optional, Tuple

from runyard.protocol.errors import RunyardError
from runyard.runtime import processes
from runyard.runtime.job import JobError
from runyard.runtime.managed_process import ManagedProcess, Plan

if TYPE_CHECKING:
    from runyard.runtime.service import JobService

SHORTEST_PAUSE = 0.02
LONGEST_PAUSE = 1.0
STOP_SECONDS = 2.0
# As shells tell of a program that is not there.
NOT_STARTED = 127


class Commands:
    """The commands for one node.

    Args:
        service: Where they come from.
        plan: How they are started: its folder, log and variables.
        nudge: Wakes the agent.

    Attributes:
        started: What was started, in order.
    """

    def __init__(self, service: JobService, plan: Plan, nudge: Callable[[], None]) -> None:
        self._service = service
        self._plan = plan
        self._nudge = nudge
        self.started: List[ManagedProcess] = []
        self._numbers: Dict[int, ManagedProcess] = {}
        self._new: Deque[Dict[str, Any]] = deque()
        self._ended: Deque[Tuple[int, int]] = deque()
        self._change = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="commands", daemon=True)
        self._thread.start()

    def look(self) -> List[ManagedProcess]:
        """Start what is asked for, and note what has ended; give what was started now."""
        found = []
        while self._new:
            member = self._start(self._new.popleft())
            if member is not None:
                found.append(member)
        self.started += found
        for number, member in list(self._numbers.items()):
            code = member.ended()
            if code is not None:
                del self._numbers[number]
                self._tell(number, code)
        return found

    def stop(self) -> None:
        """Stop watching; report the last ends."""
        self.look()
        self._stopped = True
        self._change.set()
        # A request that gets no answer, as on a node that is cut off, is not waited for.
        self._thread.join(STOP_SECONDS)

    def _start(self, asked: Dict[str, Any]) -> Optional[ManagedProcess]:
        number = int(asked["number"])
        plan = Plan(
            f"{self._plan.name} {number}",
            ["/bin/sh", "-c", str(asked["command"])],
            self._plan.variables,
            self._plan.folder,
            self._plan.log,
            decisive=False,
            helper=True,
            end_file=self._plan.end_file,
        )
        plan.keeps = self._plan.keeps
        try:
            self._numbers[number] = processes.start(plan)
        except JobError:
            self._tell(number, NOT_STARTED)
            return None
        return self._numbers[number]

    def _tell(self, number: int, code: int) -> None:
        self._ended.append((number, code))
        self._change.set()

    def _run(self) -> None:
        after, pause = 0, SHORTEST_PAUSE
        while not self._stopped or self._ended:
            self._change.clear()
            try:
                while self._ended:
                    # Kept until it was taken: this request may get no answer.
                    self._service.end_command(*self._ended[0])
                    self._ended.popleft()
                if not self._stopped:
                    after = self._take(after)
            except (OSError, RunyardError):
                if self._stopped:
                    return
            self._change.wait(pause)
            pause = min(pause * 1.2, LONGEST_PAUSE)

    def _take(self, after: int) -> int:
        items = self._service.take_commands(after)["items"]
        self._new.extend(items)
        if items:
            self._nudge()
        return max([after, *(int(item["number"]) for item in items)])
