"""The time limits fit one another: nobody is given up, or gives up, before his time."""

from typing import List

import pytest

from runyard.protocol import timeouts as t

# Each line: what must be shorter comes first, and why.
CHAINS = [
    ("two beats may be lost on the way", [3 * t.HEARTBEAT_SECONDS, t.AGENT_LOST_SECONDS]),
    (
        "a beat that failed is not as late as the next",
        [t.HEARTBEAT_RETRY_SECONDS, t.HEARTBEAT_SECONDS],
    ),
    (
        "a node of a gang may wait once for a slow answer",
        [
            t.GANG_BEAT_SECONDS,
            t.LONGEST_GANG_BEAT_SECONDS + t.GANG_ANSWER_SECONDS,
            t.GANG_LOST_SECONDS,
        ],
    ),
    (
        "a break of the service that it does not notice is nobody's silence",
        [t.TICK_SECONDS, t.STALL_SECONDS, t.GANG_LOST_SECONDS - t.LONGEST_GANG_BEAT_SECONDS],
    ),
    (
        "peers wait less for a node that has spoken than for one that starts",
        [t.GANG_LOST_SECONDS, t.AGENT_LOST_SECONDS, t.RENDEZVOUS_SECONDS],
    ),
    (
        "those that wait for a node tell that it did not come before the scheduler does",
        [t.JOIN_WAIT_SECONDS + t.GANG_ANSWER_SECONDS, t.RENDEZVOUS_GRACE_SECONDS],
    ),
    (
        "a node that was cut off learns of it after the service has given it up",
        [t.GANG_LOST_SECONDS + t.REACH_SECONDS, t.AGENT_LOST_SECONDS, t.FENCE_SECONDS],
    ),
    (
        "a taken port shows while the nodes may still meet",
        [t.PORT_TAKEN_SECONDS, t.RENDEZVOUS_SECONDS],
    ),
    (
        "what may succeed is tried again before its lease runs out",
        [t.FIRST_RETRY_SECONDS, t.LONGEST_RETRY_SECONDS, t.LEASE_SECONDS],
    ),
    ("a renewal may fail", [t.TICK_SECONDS, 2 * t.LEASE_RENEWAL_SECONDS, t.LEASE_SECONDS]),
    (
        "a long poll is answered before the client takes it for lost",
        [
            t.JOIN_WAIT_SECONDS,
            t.ORDERS_WAIT_SECONDS,
            t.LONGEST_WAIT_SECONDS,
            t.AGENT_TIMEOUT_SECONDS,
        ],
    ),
    ("a file is slower than a word", [t.AGENT_TIMEOUT_SECONDS, t.CLIENT_TIMEOUT_SECONDS]),
    ("two comments of a stream may be late", [3 * t.KEEP_ALIVE_SECONDS, t.STREAM_SILENCE_SECONDS]),
    ("who beats keeps his connection", [t.SESSION_BEAT_SECONDS, t.REST_SECONDS]),
    ("a notebook may miss some beats", [5 * t.SESSION_BEAT_SECONDS, t.SESSION_LOST_SECONDS]),
    (
        "an agent keeps results longer than it asks for its work",
        [t.SERVICE_FAULT_SECONDS, t.SERVICE_AWAY_SECONDS, t.DELIVERY_SECONDS],
    ),
    ("mpirun leaves before it is killed", [t.MPIRUN_GRACE_SECONDS, t.TERM_GRACE_SECONDS]),
    ("leftovers do not hold up an exit", [t.LEFTOVER_SECONDS, t.EXIT_SECONDS, t.FLUSH_SECONDS]),
    (
        "a service that starts is asked more than once",
        [t.ABOUT_SECONDS, t.SILENT_START_SECONDS, t.START_SECONDS],
    ),
    (
        "a service ends what is open before it is killed",
        [t.DRAIN_SECONDS, t.FORCED_STOP_SECONDS, t.STOP_SECONDS],
    ),
]


@pytest.mark.parametrize(("why", "chain"), CHAINS, ids=[why for why, _ in CHAINS])
def test_what_must_be_shorter_is(why: str, chain: List[float]) -> None:
    """A figure that is changed alone breaks what others rely on."""
    assert all(shorter < longer for shorter, longer in zip(chain, chain[1:])), why


def test_two_attempts_never_share_a_folder() -> None:
    """An attempt that was cut off has ended and killed its processes before the next begins."""
    ended = t.FENCE_SECONDS + t.TERM_GRACE_SECONDS + t.KILL_SECONDS
    assert ended <= t.HOLD_SECONDS


def test_whoever_stops_a_service_waits_until_it_has_ended() -> None:
    """Nobody is told that a service does not end while it still ends what it has begun."""
    closing = (
        t.PREPARATIONS_CLOSE_SECONDS,
        t.LAUNCHES_CLOSE_SECONDS,
        t.FOLDERS_CLOSE_SECONDS,
        t.ORPHANS_CLOSE_SECONDS,
    )
    assert t.DRAIN_SECONDS + sum(closing) < t.STOP_SECONDS


def test_a_stream_outlives_the_start_of_the_next_service() -> None:
    """Whoever follows a run goes on when the service is replaced."""
    assert t.START_SECONDS <= t.STREAM_PATIENCE_SECONDS
