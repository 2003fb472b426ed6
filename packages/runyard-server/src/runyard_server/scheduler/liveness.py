"""Which nodes have been silent for too long, where no backend can say whether an agent lives.

    a run on one node                     AGENT_LOST_SECONDS since its last beat
    a node of a gang that has spoken      GANG_LOST_SECONDS since its last beat: the others wait
    a node of a gang that never has       RENDEZVOUS_SECONDS since its launch: it may have to
                                          start up

Only time in which this service listened counts. After a start, or when the whole machine slept,
every agent has its time anew; else a restart would end runs whose agents are well.
"""

import time

from runyard.protocol import jobs as protocol
from runyard.protocol import timeouts
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.execution import active_runs
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow

# On Linux this clock goes on while the machine sleeps.
_SHORTEST = min(timeouts.GANG_LOST_SECONDS, timeouts.AGENT_LOST_SECONDS)
_REAL_TIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Listening:
    """Since when this service has listened without a break.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._since = system.clock.now_us()
        self._looked = time.clock_gettime(_REAL_TIME)

    @property
    def since(self) -> int:
        """The time, in microseconds since 1970."""
        return self._since

    def look(self) -> None:
        """Take note that the service is awake; call it at each turn, about once a second."""
        now = time.clock_gettime(_REAL_TIME)
        # This process stood still, asleep or starved: beats of that time were heard by nobody.
        if now - self._looked > timeouts.STALL_SECONDS:
            self._since = self._system.clock.now_us()
        self._looked = now


class LivenessMonitor(Listening):
    """Measures how long nodes have been silent.

    Args:
        system: The service's parts.
    """

    def reason(self, run: RunRow, node: int) -> str:
        """Why a node counts as lost, "" while it does not.

        Args:
            run: The run.
            node: The node's number.
        """
        beat = self._system.last_seen.last(run.subject, node)
        # Most were heard of just now: no look at the database for each, about once a second.
        if self._system.clock.now_us() - beat <= _SHORTEST * SECOND:
            return ""
        return self._reason(run, node, beat)

    def _reason(self, run: RunRow, node: int, beat: int) -> str:
        row = active_runs.node(self._system, run.key, node)
        if row is None:
            return f"node {node} is not known any more"
        told = max(row.beat_at or 0, row.launched_at or 0, row.finished_at or 0)
        heard = max(beat, told, self._since)
        limit = _limit(row, run.node_count, spoken=beat > 0)
        # Those that wait for a node tell first that it did not come, if there are any.
        spare = timeouts.RENDEZVOUS_GRACE_SECONDS if limit == timeouts.RENDEZVOUS_SECONDS else 0.0
        if self._system.clock.now_us() - heard <= (limit + spare) * SECOND:
            return ""
        if run.node_count == 1:
            return f"agent of node {node} has not been heard of for {limit:.0f} s"
        if row.finished_at is not None:
            return f"agent of node {node} has said its last word"
        who = active_runs.place(self._system, row)
        if limit == timeouts.RENDEZVOUS_SECONDS:
            return f"{who} did not come within {limit:.0f} s"
        return (
            f"{who} was lost: it has not been heard of for {limit:.0f} s; its machine has failed, "
            "or the network to it"
        )

    def never_came(self, run: RunRow, node: int) -> str:
        """Why an agent that is seen to live counts as lost: it has not joined its gang in time."""
        if run.node_count == 1 or self._system.last_seen.last(run.subject, node):
            return ""
        row = active_runs.node(self._system, run.key, node)
        if row is None or row.finished_at is not None or row.state != protocol.STATE_STARTING:
            return ""
        return self.reason(run, node)

    def is_hopeless(self, run: RunRow, node: int) -> bool:
        """Whether a lost agent's node could not be reached for so long that it is given up."""
        row = active_runs.node(self._system, run.key, node)
        if row is None:
            return True
        limit, heard = timeouts.REACH_SECONDS, row.beat_at or 0
        if run.node_count == 1:
            # Its silence has been waited for already: what was written down since is no beat.
            limit = timeouts.AGENT_LOST_SECONDS
            heard = self._system.last_seen.last(run.subject, node) or row.launched_at or 0
        lost = max(heard, self._since)
        return self._system.clock.now_us() - lost > limit * SECOND


def _limit(row: JobNodeRow, node_count: int, *, spoken: bool) -> float:
    if node_count == 1:
        return timeouts.AGENT_LOST_SECONDS
    if row.state == protocol.STATE_STARTING and not spoken:
        return timeouts.RENDEZVOUS_SECONDS
    if row.state == protocol.STATE_FINALIZING:
        # Nobody waits for its processes, and the last word may take the service a while to take.
        return timeouts.AGENT_LOST_SECONDS
    return timeouts.GANG_LOST_SECONDS
