"""Leases: who works on a subject, so that slow work can be done outside any write.

A scheduler takes a subject by writing its token and a time down. What it brings back counts only
if the token is still there. A lease that has run out may be taken by another; at its start a
scheduler takes over what the process before it left, since one service owns a state folder.
"""

from collections.abc import Iterable, Mapping

from runyard.protocol.timeouts import LEASE_SECONDS
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import leases
from runyard_server.store.leases import LeaseRow
from runyard_server.store.subjects import Subject

_LEASE = int(LEASE_SECONDS * SECOND)


def take(work: Work, subject: Subject, token: str) -> bool:
    """Begin to work on a subject, unless another does; call it inside a write.

    Args:
        work: The unit of work.
        subject: What is to be worked on.
        token: Who will work on it.

    Returns:
        Whether `token` has it now.
    """
    if not is_open_to(leases.find(work.connection, subject), token, work.now):
        return False
    leases.put(work.connection, subject, LeaseRow(token, work.now + _LEASE))
    return True


def present(work: Work) -> Mapping[Subject, LeaseRow]:
    """Read all leases: of many subjects, most of them free, this is the cheapest way."""
    return leases.everything(work.connection)


def is_open_to(lease: LeaseRow | None, token: str, now: int) -> bool:
    """Whether `token` may work under a lease: there is none, it is its own, or it has run out.

    Args:
        lease: The lease, None if there is none.
        token: Who would work.
        now: Microseconds since 1970.
    """
    return lease is None or lease.token == token or lease.until < now


def holds(work: Work, subject: Subject, token: str) -> bool:
    """Whether `token` still has a subject, so that what it brings back counts.

    Args:
        work: The unit of work.
        subject: What is worked on.
        token: Who works on it.
    """
    lease = leases.find(work.connection, subject)
    return lease is not None and lease.token == token


def give_back(work: Work, subjects: Iterable[Subject]) -> None:
    """Free subjects whose work is done; call it inside a write."""
    leases.remove(work.connection, subjects)


def renew(system: System, token: str) -> None:
    """Prolong all leases of `token`, if it has any."""
    held = system.read(lambda work: leases.everything(work.connection)).values()
    if any(lease.token == token for lease in held):
        system.write(lambda work: leases.prolong(work.connection, token, work.now + _LEASE))


def take_over(system: System) -> None:
    """Free what earlier processes held; call it once, at the start."""
    if system.read(lambda work: leases.everything(work.connection)):
        system.write(lambda work: leases.remove_all(work.connection))
