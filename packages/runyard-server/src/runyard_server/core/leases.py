"""Leases: who works on a run, so that slow work can be done outside any write.

A scheduler takes a run by writing its token and a time into the row. What it brings back counts
only if the token is still there. A lease that has run out may be taken by another; at its start a
scheduler takes over what the process before it left, since one service owns a state folder.
"""

from typing import Any

from runyard.protocol.timeouts import LEASE_SECONDS
from runyard_server.core.system import System
from runyard_server.store import runs
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

_LEASE = int(LEASE_SECONDS * 1_000_000)


def terms(token: str, now: int) -> dict[str, Any]:
    """Give the columns that say that `token` works on a run from now on."""
    return {"lease_token": token, "lease_until": now + _LEASE}


def free() -> dict[str, Any]:
    """Give the columns that say that nobody works on a run."""
    return {"lease_token": None, "lease_until": None}


def can_take(row: RunRow, token: str, now: int) -> bool:
    """Say whether `token` may begin to work on a run: nobody does, or the lease has run out."""
    if row.lease_token is None or row.lease_token == token:
        return True
    return row.lease_until is None or row.lease_until < now


def held(connection: Connection, key: int, token: str) -> RunRow | None:
    """Give the run if `token` still works on it and it has not ended, else None."""
    for row in runs.find_many(connection, [key]):
        if row.active and row.lease_token == token:
            return row
    return None


def renew(system: System, token: str) -> None:
    """Prolong all leases of `token`."""
    now = system.clock.now_us()
    system.records.write(lambda c: runs.prolong(c, token, now + _LEASE))


def take_over(system: System) -> None:
    """Free what earlier processes held; call it once, at the start."""
    system.records.write(runs.drop_leases)
