"""What a person has seen is their own, and never less than before."""

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.seen import Seen
from runyard.protocol.users import AddUser
from runyard_server.core.actors import Actor
from runyard_server.core.system import System
from runyard_server.core.tokens import Caller
from runyard_server.operations import seen, users

W = "default"
EARLY, LATE = "2026-01-01T00:00:00.000001Z", "2026-01-02T00:00:00.000000Z"


def test_what_has_been_seen_is_each_persons_own(system: System) -> None:
    """Another browser knows it, other people do not, and an old page takes nothing back."""
    users.add(system, AddUser("ann", workspaces={W: "reader"}))
    ann = system.acting(Actor(Caller(person="ann")))
    assert seen.get(ann, W) == Seen(None)
    assert seen.put(ann, W, Seen(EARLY)) == seen.get(ann, W) == Seen(EARLY)
    assert seen.put(ann, W, Seen(LATE)) == Seen(LATE)
    assert seen.put(ann, W, Seen(EARLY)) == seen.get(ann, W) == Seen(LATE)
    assert seen.get(system, W) == Seen(None)
    with pytest.raises(InvalidRequest, match="must be a time"):
        seen.put(ann, W, Seen("yesterday"))
    users.remove(system, "ann")
    users.add(system, AddUser("ann"))
    assert seen.get(ann, W) == Seen(None)
