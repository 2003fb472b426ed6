"""Local compute whose nodes are simulated hosts: node `<cluster>-<n>` is the n-th host.

Agents are launched on their hosts with what an agent on another machine would have: the host's
address, the service's URL, no connection file and no store of contents. A host that is cut off or
killed is away: launches fail for the time being, and nobody can say whether its agents are alive.
Runs of the target `local` stay on this machine.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import JobSpec
from runyard_server.compute.base import LaunchPlan, Observation
from runyard_server.compute.local import LocalBackend
from runyard_server.testing.hosts import Host, read


class HostsBackend(LocalBackend):
    """Launches the agent of each node on its host.

    Args:
        hosts: The hosts.
        python: The interpreter of the agents.
    """

    def __init__(self, hosts: Sequence[Host], python: str = sys.executable) -> None:
        super().__init__(python)
        self._hosts = list(hosts)

    def plan(self, job: JobSpec, salvage: str | None = None) -> LaunchPlan:
        """Give the agent's command on its host."""
        host = self._host(job.node_name)
        if host is None:
            return super().plan(job, salvage)
        there = replace(job, address=host.address, connection_file="", blobs="")
        plan = super().plan(there, salvage)
        return replace(plan, command=host.command(plan.command))

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent on its host; the handle tells the host too.

        Raises:
            TemporaryError: The host is away.
        """
        host = next((each for each in self._hosts if each.entrance in plan.command), None)
        if host is not None:
            _reach(host)
        return _Handle(super().launch(plan), host.name if host else "").text()

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Look each process up; of those on a host that is away nothing is known."""
        return {text: self._look(_Handle.read(text)) for text in handles}

    def cancel(self, handle: str) -> None:
        """Send SIGTERM to an agent.

        Raises:
            TemporaryError: Its host is away.
        """
        known = _Handle.read(handle)
        host = self._named(known.host)
        if host is not None:
            _reach(host)
        super().cancel(known.process)

    def _look(self, handle: "_Handle") -> Observation:
        host = self._named(handle.host)
        if host is not None and host.is_away:
            return Observation(alive=None)
        return super().observe([handle.process])[handle.process]

    def _named(self, name: str) -> Host | None:
        return next((host for host in self._hosts if host.name == name), None)

    def _host(self, node_name: str) -> Host | None:
        _, dash, number = node_name.rpartition("-")
        if not dash or not number.isdigit():
            return None
        return self._hosts[(int(number) - 1) % len(self._hosts)]


class _Handle(msgspec.Struct, frozen=True):
    """A process, and the host it is on; "" is this machine."""

    process: str
    host: str

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> "_Handle":
        return msgspec.json.decode(text, type=cls)


def _reach(host: Host) -> None:
    if host.is_away:
        raise TemporaryError(f"host {host.name} ({host.address}) cannot be reached")


def read_backend(file: Path) -> HostsBackend:
    """Make the backend for hosts that another process made, from its `Hosts.file`."""
    return HostsBackend(read(file))
