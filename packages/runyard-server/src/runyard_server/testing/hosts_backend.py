"""Simulated hosts as a site: node `<cluster>-<n>` of every cluster is the n-th host.

    [sites.hosts]
    backend = "simulated-hosts"
    hosts = "/tmp/runyard-hosts-…/hosts.json"       # `Hosts.file`

Agents are launched on their hosts with what an agent on another machine would have: the host's
address, the service's URL, no connection file and no store of contents. A host that is cut off or
killed is away: launches fail for the time being, and nobody can say whether its agents are alive.

With `shares_files = false` a host has no file of the service or of another host: its run folders,
environments and the light half's zip lie in its own folder, and the state folder is hidden from it.
"""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from runyard.protocol.errors import TemporaryError
from runyard_server.compute.base import (
    Capabilities,
    Job,
    LaunchPlan,
    Observation,
    Place,
    SiteContext,
)
from runyard_server.compute.fork_server import ENTRY
from runyard_server.compute.local import LocalBackend
from runyard_server.testing.hosts import Host, read

# What lies in a folder is there no more for a program and what it starts.
_HIDE = 'mount -t tmpfs none "$0" && exec "$@"'


class HostsBackend(LocalBackend):
    """Launches the agent of each node on its host.

    Args:
        context: What is told of the service.
        hosts: The file that describes the hosts.
        python: The interpreter of the agents.
        shares_files: Whether hosts see the service's files.
    """

    def __init__(
        self,
        context: SiteContext,
        *,
        hosts: Path,
        python: str = sys.executable,
        shares_files: bool = True,
    ) -> None:
        # What a fork server forks would stay on this machine's own network.
        super().__init__(context, python=python, fork_server=False)
        self._hosts = read(hosts)
        self._shares_files = shares_files
        self._home = context.runs.parent
        self._light = context.light

    def capabilities(self) -> Capabilities:
        """What this machine has, as often as there are hosts."""
        called = f"each of {len(self._hosts)} simulated hosts"
        shared = self._shares_files
        found = super().capabilities()
        return replace(found, on_this_machine=False, shares_files=shared, called=called)

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command on its host."""
        plan = super().plan(job, salvage)
        words = plan.command
        if not self._shares_files:
            words = ["/bin/sh", "-c", _HIDE, str(self._home), *_from_zip(words, plan.job.light)]
        return replace(plan, command=self._host(job.node_name).command(words))

    def place(self, job: Job) -> Place:
        """Where a node of a run is: files are shared, as with a file server, or nothing is."""
        host = self._host(job.node_name)
        found = replace(super().place(job), address=host.address, connection_file="", blobs="")
        if self._shares_files:
            return found
        folder = Path(host.folder)
        return replace(
            found,
            run_folder=str(folder / "runs" / job.run / str(job.node)),
            shared_folder="",
            light=str(folder / self._light.zip_name),
            environments=str(folder / "environments"),
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent on its host; the handle tells the host too.

        Raises:
            TemporaryError: The host is away.
        """
        # A launch gets nothing but the plan: which host is meant stands in its command.
        host = next(each for each in self._hosts if each.entrance in plan.command)
        _reach(host)
        if not self._shares_files:
            shutil.copyfile(self._light.zip, plan.job.light)
        return _Handle(super().launch(plan), host.name).text()

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Find out which processes are alive; of those on a host that is away nothing is known."""
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

    def _host(self, node_name: str) -> Host:
        """The host of a node; the only node of a target without numbers is on the first."""
        number = node_name.rpartition("-")[2]
        # Where there are more nodes than hosts, some share one.
        return self._hosts[(int(number) - 1) % len(self._hosts) if number.isdigit() else 0]


def _from_zip(words: list[str], light: str) -> list[str]:
    """An agent's command with the zip file in the place of its folder's entry."""
    entry = str(Path(light) / ENTRY)
    return [light if word == entry else word for word in words]


class _Handle(msgspec.Struct, frozen=True):
    """A process, and the host it is on."""

    process: str
    host: str

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> "_Handle":
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            # No handle of ours: no process has it, so it is gone.
            return cls("", "")


def _reach(host: Host) -> None:
    if host.is_away:
        raise TemporaryError(f"host {host.name} ({host.address}) cannot be reached")
