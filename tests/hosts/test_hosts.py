"""The simulated hosts themselves: names, cables, power cuts, and nothing left of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.base import Observation, SiteContext
from runyard_server.testing import hosts_network as network
from runyard_server.testing import programs
from runyard_server.testing.backend_contract import BackendContract, job_named
from runyard_server.testing.hosts import Hosts
from runyard_server.testing.hosts_backend import HostsBackend

ASK = "import socket, sys; socket.create_connection((sys.argv[1], 8000), 1).close()"
ANSWER = (
    "import socket; s = socket.create_server(('', 8000)); print(flush=True)\nwhile True: s.accept()"
)


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Three hosts for all tests of the file."""
    with Hosts(3) as made:
        yield made


class TestHostsBackend(BackendContract):
    """Agents on hosts keep to the contract of every backend."""

    @pytest.fixture(autouse=True)
    def _with(self, hosts: Hosts) -> Iterator[None]:
        self.hosts = hosts
        yield
        for host in hosts:
            hosts.heal(host)

    def make_backend(self, context: SiteContext) -> HostsBackend:
        return HostsBackend(context, hosts=self.hosts.file)

    def clean_up(self, _folder: Path) -> None:
        for host in self.hosts:
            network.kill(host.namespace)

    def test_each_node_is_a_host(self, tmp_path: Path) -> None:
        """The n-th node of a cluster is the n-th host, and has what another machine would have."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named(node_name="cluster-2")
            plan = backend.plan(job)
            assert (plan.job.address, plan.job.blobs) == (self.hosts[1].address, "")
            backend.launch(plan)
            while not self.starts(backend, job):
                time.sleep(0.01)
            assert self.starts(backend, job)[0].split()[-1] == "h2"

    def test_of_a_host_that_is_away_nothing_is_known(self, tmp_path: Path) -> None:
        """Neither alive nor dead, and nothing can be launched there for the time being."""
        with self.bench(tmp_path) as (backend, _):
            job = job_named(node_name="cluster-2")
            handle = backend.launch(backend.plan(job))
            # One that is still on its way to the host would outlive it.
            while not self.starts(backend, job):
                time.sleep(0.01)
            self.hosts.kill(self.hosts[1])
            assert backend.observe([handle]) == {handle: Observation(alive=None)}
            with pytest.raises(TemporaryError, match="h2"):
                backend.launch(backend.plan(job, "it was lost"))
            self.hosts.heal(self.hosts[1])
            end = time.monotonic() + 60
            # A killed process is there until the kernel has taken it apart.
            while backend.observe([handle])[handle].alive is not False:
                assert time.monotonic() < end
                time.sleep(0.01)


def asks(hosts: Hosts, number: int, name: str) -> bool:
    """Whether a host reaches another by its name."""
    command = hosts[number].command([sys.executable, "-c", ASK, name])
    return not subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode


def test_cables(hosts: Hosts) -> None:
    """Hosts reach each other by name, unless a cable is cut or the way between two is closed."""
    command = hosts[1].command([sys.executable, "-c", ANSWER])
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        server.stdout.readline()
        assert asks(hosts, 0, "h2")
        hosts.part(hosts[0], hosts[1])
        assert (asks(hosts, 0, "h2"), asks(hosts, 2, "h2")) == (False, True)
        hosts.rejoin(hosts[0], hosts[1])
        assert asks(hosts, 0, "h2")
        hosts.cut(hosts[1])
        assert not asks(hosts, 0, "h2")
        hosts.heal(hosts[1])
        assert asks(hosts, 0, "h2")
        hosts.kill(hosts[1])
        assert server.wait(60) == -signal.SIGKILL
    assert hosts[1].processes == []
    hosts.heal(hosts[1])


def test_names_are_the_hosts_own(hosts: Hosts) -> None:
    """A process on a host sees that host's name; this machine keeps its own."""
    before = os.uname().nodename
    name = "import socket; print(socket.gethostname(), socket.gethostbyname(socket.gethostname()))"
    said = [host.run([sys.executable, "-c", name]).split() for host in hosts]
    assert said == [[host.name, host.address] for host in hosts]
    assert os.uname().nodename == before


def test_the_hosts_of_a_killed_process_are_removed() -> None:
    """Whoever makes hosts next removes what a killed one left, processes included."""
    leave = (
        "import os, signal, subprocess\n"
        "from runyard_server.testing.hosts import Hosts\n"
        "hosts = Hosts(1)\n"
        "sleep = hosts[0].command(['sleep', '300'])\n"
        "left = subprocess.Popen(sleep, start_new_session=True, stdout=subprocess.DEVNULL)\n"
        "while 'sleep' not in open(f'/proc/{left.pid}/cmdline').read().split('\\0')[0]: pass\n"
        "print(hosts[0].namespace, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", leave], stdout=subprocess.PIPE, text=True, check=False
    )
    namespace = done.stdout.strip()
    assert len(network.processes(namespace)) == 1
    with Hosts(1) as fresh:
        assert network.processes(namespace) == [] or fresh[0].namespace == namespace
        assert not any(host.processes for host in fresh)
    assert namespace not in [path.name for path in network.NAMESPACES.glob("runyard-*")]


def test_what_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without root or the programs a test fails with what to do about it."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(programs, "PATH", "/nowhere")
    with pytest.raises(network.HostsUnavailable) as caught:
        network.require()
    assert "as root" in str(caught.value)
    assert "apt-get install iproute2 util-linux" in str(caught.value)
