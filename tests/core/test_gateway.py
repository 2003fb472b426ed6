"""What is known of the gateway, whoever of several threads asked it and came back last."""

from dataclasses import replace

from runyard.protocol.frames import Ready
from runyard_server.core.gateway import Gateway
from runyard_server.serving.table import GatewayStatus, ReplicaStatus

LOADING = GatewayStatus(1, 5, pid=7, replicas=(ReplicaStatus("r", connected=True),))
READY = replace(LOADING, serial=6, replicas=(ReplicaStatus("r", connected=True, ready=Ready()),))


def is_ready(gateway: Gateway) -> bool:
    found = gateway.replica("r")
    return found is not None and found.ready is not None


def test_an_answer_that_was_overtaken_takes_nothing_back() -> None:
    """A slow thread does not undo that a replica is ready: nobody would be woken for it again."""
    gateway = Gateway()
    gateway.note(READY)
    gateway.freshen(LOADING)
    assert is_ready(gateway)
    gateway.note(LOADING)
    gateway.freshen(READY)
    assert is_ready(gateway)


def test_only_who_follows_the_gateway_says_which_lives() -> None:
    """A late answer of one that was killed neither brings it back nor hides the one after it."""
    gateway = Gateway()
    gateway.note(READY)
    gateway.note(None)
    gateway.freshen(READY)
    assert gateway.status is None
    after = replace(LOADING, pid=8, serial=1)
    gateway.note(after)
    gateway.freshen(READY)
    assert gateway.status == after
