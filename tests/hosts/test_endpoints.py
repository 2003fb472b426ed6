"""Endpoints on a cluster: a replica on each host, which dials the gateway over the network."""

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.serving import ask

from .conftest import CLUSTER

pytestmark = pytest.mark.slow

SECONDS = 120.0
SCORE = """
import os, socket, time

def run(data):
    time.sleep(0.01)
    return [data, socket.gethostname(), os.getpid(), %d]
"""


@pytest.fixture
def endpoint(yard: Any) -> Iterator[Any]:
    """A script that is served by a replica on each of the three hosts."""
    from runyard import Endpoint, Environment, Workspace

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    given = {"script": script(yard, 1), "environment": environment, "target": CLUSTER}
    made = Endpoint.deploy(Workspace.from_config(), "spread", replicas=3, **given)
    yield made.wait(timeout=SECONDS)
    # The gateway and the replicas would outlive the service.
    made.delete()


def script(yard: Any, version: int) -> str:
    """The path of a version of score.py."""
    path = yard.folder / f"v{version}" / "score.py"
    path.parent.mkdir(parents=True)
    path.write_text(SCORE % version)
    return str(path)


def sent(endpoint: Any, count: int = 30) -> list[Any]:
    """The answers to requests at the same time."""
    port, key = int(endpoint.address.rpartition(":")[2]), endpoint.keys()[0]
    with ThreadPoolExecutor(6) as pool:
        return list(pool.map(lambda n: ask(port, body=str(n), key=key), range(count)))


def asked(endpoint: Any, count: int = 30) -> list[Any]:
    """What requests at the same time were answered: text, host, process and version."""
    found = sent(endpoint, count)
    assert [each.status for each in found] == [200] * count, found
    return [json.loads(each.body) for each in found]


def connections(port: int) -> list[str]:
    """The other ends of the connections to a port of this machine, sorted."""
    found = []
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        here, there, state = line.split()[1:4]
        if state == "01" and int(here.rpartition(":")[2], 16) == port:
            found.append(".".join(str(b) for b in bytes.fromhex(there.partition(":")[0])[::-1]))
    return sorted(found)


@contextmanager
def loaded(endpoint: Any) -> Iterator[list[Any]]:
    """The answers to somebody who goes on asking for as long as the block runs."""
    ended, answers = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            answers.extend(asked(endpoint, 6))

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield answers
        finally:
            ended.set()
        asking.result()


def test_replicas_of_hosts_serve_over_the_network(yard: Any, endpoint: Any) -> None:
    """Each host answers over connections of its own; the worker of one that is killed is back."""
    names = {host.name for host in yard.hosts}
    yard.until(lambda: {each[1] for each in asked(endpoint)} == names, "a host is idle")
    assert [each[0] for each in asked(endpoint)] == [str(number) for number in range(30)]
    gateway = endpoint.workspace.service.endpoints.gateway()
    # A supervisor and a worker.
    expected = sorted(2 * [host.address for host in yard.hosts])
    assert connections(gateway.port) == expected
    killed = next(each for each in asked(endpoint) if each[1] == yard.hosts[0].name)
    os.kill(killed[2], signal.SIGKILL)

    def is_back() -> bool:
        found = sent(endpoint)
        # What the worker was given before its end was seen is lost with it.
        assert {each.status for each in found} <= {200, 502}, found
        answers = [json.loads(each.body) for each in found if each.status == 200]
        return any(each[1] == killed[1] and each[2] != killed[2] for each in answers)

    yard.until(is_back, "the killed worker is not replaced")


def test_a_full_cluster_is_changed_one_by_one(yard: Any, endpoint: Any) -> None:
    """With a replica on each node there is no room for others: requests are answered all along."""
    with loaded(endpoint) as answers:
        endpoint.update(script=script(yard, 2)).wait(timeout=SECONDS)
        yard.until(
            lambda: len({each[1] for each in answers[-60:] if each[3] == 2}) == len(yard.hosts),
            "a host is idle",
        )
    assert {each[3] for each in answers[-12:]} == {2}
