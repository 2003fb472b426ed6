"""Machines reached by ssh as a site: each is a node, and has one job at a time.

    [sites.lab]                                      # config.toml
    backend = "ssh"
    hosts = ["gpu1", "ada@gpu2:2222"]                # or the path of a file, one in each line
    identity = "~/.ssh/id_ed25519"                   # all else may be left out

Agents are started detached, from the light half's zip file; contents, data and outputs go over
HTTP. Where the service listens on loopback only, as on a laptop, each connection brings a tunnel:
a port of the machine's own loopback that leads to the service.

Which node is on which machine is decided when it is launched, and kept on disk: a machine that is
away, or that another cluster's job holds, is passed over. What `resize` grants are machines that
were reached, so a run waits in the queue, with ssh's reason, until one is.
"""

import hashlib
import os
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from runyard.protocol.errors import InvalidRequest, RunyardError, TemporaryError
from runyard_server.compute.base import (
    JOB,
    SALVAGE,
    Backend,
    Capabilities,
    Grant,
    Job,
    LaunchPlan,
    Need,
    Observation,
    Place,
    SiteContext,
)
from runyard_server.compute.ssh import machines
from runyard_server.compute.ssh.assignments import Assignments
from runyard_server.compute.ssh.connection import Access, Connection, Figures
from runyard_server.compute.ssh.watching import Watch

FOLDER = "~/.runyard-node"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_FIRST_PORT, _PORTS = 20_000, 10_000
# A machine that is away is tried again after so long, and a first look is waited for a moment.
_RETRY_SECONDS = 5.0
_FIRST_LOOK_SECONDS = 0.3
_FIGURES = msgspec.json.Decoder(dict[str, Figures])


class SshBackend(Backend):
    """Runs agents on machines that it reaches by ssh.

    Args:
        context: What is told of the service.
        hosts: The machines: `[user@]name[:port]` in a list, in a text, or in a file.
        address: One more of them, or the only one: what `--site ssh=gpu1` names.
        user: Who logs in where a machine names nobody; "" leaves it to ssh's configuration.
        port: The port where a machine names none; 0 leaves it to ssh's configuration.
        identity: File of the private key; "" leaves it to ssh.
        known_hosts: File of the machines' host keys; "" is the user's own.
        python: The interpreter of the agents there, 3.7 or newer.
        folder: Where all is kept there; `~/` is the user's home there.
        shared_folder: A folder that all machines see, for the working folders of runs; "" where
            each has its own.
        tunnel: Whether the machines reach a service that listens on loopback through ssh.
        tunnel_port: The tunnel's port there; 0 chooses one by the service's folder and the site.
    """

    def __init__(
        self,
        context: SiteContext,
        *,
        hosts: str | list[str] = "",
        address: str = "",
        user: str = "",
        port: int = 0,
        identity: str = "",
        known_hosts: str = "",
        python: str = "python3",
        folder: str = FOLDER,
        shared_folder: str = "",
        tunnel: bool = True,
        tunnel_port: int = 0,
    ) -> None:
        self._context = context
        self._folder = _checked("folder", folder).rstrip("/")
        self._shared = _checked("shared_folder", shared_folder).rstrip("/")
        self._python = python
        self._tunnels = tunnel
        self._kept = context.kept
        identity_of = hashlib.sha256(str(self._kept).encode()).digest()
        self._port = tunnel_port or _FIRST_PORT + int.from_bytes(identity_of[:4]) % _PORTS
        access = Access(
            identity=_local(identity),
            known_hosts=_local(known_hosts),
            python=python,
            folder=self._folder,
            light=context.light,
            tunnel=self._tunnel,
            gateway=context.gateway,
        )
        # Below a short path, for a socket's has 108 bytes at most; another service finds it again.
        sockets = Path(tempfile.gettempdir(), f"ry-ssh-{os.getuid()}", identity_of.hex()[:8])
        found = machines.read([*machines.words(address), *machines.words(hosts)], user, port)
        self._machines = {str(each): Connection(each, access, sockets) for each in found}
        self._watches = {name: Watch(each, self._gone) for name, each in self._machines.items()}
        self._assignments = Assignments(self._kept / "runs")
        self._lock = threading.Lock()
        self._dialing: set[str] = set()
        self._known = self._read_figures()
        self._resumed = False

    def capabilities(self) -> Capabilities:
        """What the largest machine has, of those that were reached; sizes are names here."""
        every = self._known.values()
        return Capabilities(
            cpus=max((each.cpus for each in every), default=1),
            memory_gb=max((each.memory_gb for each in every), default=0.0),
            gpus=max((each.gpus for each in every), default=0),
            max_nodes=len(self._machines),
            shares_nodes=True,
            called=_called(list(self._machines)),
        )

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command; which machine it is for is decided by `launch`."""
        spec = job.at(self._place(job))
        words = ["agent", spec.run_folder]
        if salvage is not None:
            words = ["salvage", spec.run_folder, "--reason", salvage]
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=[self._python, "-S", "-E", spec.light, *words],
            environment={},
            folder=spec.run_folder,
            job=spec,
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent on a machine that is free, or find it where it was started before.

        Raises:
            TemporaryError: No machine is free, or the one that it was given is away.
        """
        self._resume()
        key = f"{plan.node}-{plan.attempt}"
        cluster = f"{plan.job.workspace}/{plan.job.node_name.rpartition('-')[0]}"
        given = self._assignments.give(plan.run, key, cluster, self._in_order)
        if given is None:
            # One that was away may be back when the launch is tried again.
            self._dial(list(self._machines))
            raise TemporaryError(f"{plan.run}: {self._reason(cluster) or 'no machine is free'}")
        connection = self._machines.get(given.machine)
        if connection is None:
            raise RunyardError(
                f"{plan.run} was on {given.machine}, which the settings name no more"
            )
        try:
            connection.ensure()
        except TemporaryError:
            # Unless it was asked before: then an agent may be at work there.
            self._assignments.take_back(plan.run, key)
            raise
        self._assignments.asked(plan.run, key)
        there = msgspec.json.encode(self._start(connection, plan), order="sorted").decode()
        handle = msgspec.json.encode([given.machine, there]).decode()
        if plan.purpose == JOB:
            self._assignments.launched(plan.run, key, handle)
        self._watches[given.machine].add(handle, there, launched=True)
        return handle

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """What was heard last of each agent; of machines that are silent nothing is known."""
        self._resume()
        return {handle: Observation(alive=self._alive(handle)) for handle in handles}

    def cancel(self, handle: str) -> None:
        """Send SIGTERM: the agent stops its job, delivers and reports.

        Raises:
            TemporaryError: Its machine cannot be reached now.
        """
        machine, there = _parts(handle)
        connection = self._machines.get(machine)
        if connection is None or self._alive(handle) is False:
            return
        if connection.fault and time.monotonic() - connection.tried < _RETRY_SECONDS:
            raise TemporaryError(connection.fault)
        connection.ensure()
        connection.ask("cancel", given=msgspec.Raw(there.encode()))

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant the machines that were reached and that no other cluster's job holds."""
        nodes = need.nodes
        self._resume()
        others = {a.machine for a in self._assignments.holding() if a.cluster != cluster}
        wanted = [name for name in self._machines if name not in others]
        if nodes and not self._up(wanted):
            self._dial(wanted)
            end = time.monotonic() + _FIRST_LOOK_SECONDS
            while not self._up(wanted) and self._dialing and time.monotonic() < end:
                time.sleep(0.01)
        elif nodes > len(self._up(wanted)):
            self._dial(wanted)
        granted = min(nodes, len(self._up(wanted)))
        return Grant(granted, self._reason(cluster) if granted < nodes else "")

    def check(self) -> None:
        """Reach every machine now.

        Raises:
            TemporaryError: One cannot be reached; with what to do about that.
        """
        for connection in self._machines.values():
            connection.ensure()
            self._note(connection)

    def close(self) -> None:
        """End the connections; agents go on."""
        for watch in self._watches.values():
            watch.close()
        for connection in self._machines.values():
            connection.close()

    def _place(self, job: Job) -> Place:
        root, run = self._folder, job.run
        shared = f"{self._shared}/runs/{run}" if self._shared else ""
        own = f"{root}/runs/{run}/{job.node}"
        if shared:
            own = f"{shared}/nodes/{job.node}" if job.node else shared
        tunnel = self._tunnel()
        return Place(
            run_folder=own,
            light=f"{root}/light/{self._context.light.zip_name}",
            url=f"http://127.0.0.1:{tunnel[0]}" if tunnel else self._context.url(),
            shared_folder=shared,
            environments=f"{root}/environments",
        )

    def _tunnel(self) -> tuple[int, str] | None:
        """The port on the machines that leads here, and where; None where none is needed."""
        there = urlsplit(self._context.url())
        if not self._tunnels or there.hostname not in _LOOPBACK:
            return None
        host = f"[{there.hostname}]" if ":" in str(there.hostname) else there.hostname
        return self._port, f"{host}:{there.port or 80}"

    def _start(self, connection: Connection, plan: LaunchPlan) -> dict[str, object]:
        """Have the agent started; give its handle as the machine knows it."""
        has = connection.figures or Figures()
        self._note(connection)
        job = replace(plan.job, cpus=has.cpus, gpus=has.gpus)
        if job.spec.node_count > 1:
            job = replace(job, address=connection.address())
        asked = {
            "name": f"{plan.run}-{plan.node}-{plan.attempt}-{plan.purpose}",
            "purpose": plan.purpose,
            "command": plan.command,
            "folder": plan.folder,
            "job": job,
        }
        return connection.ask("launch", self._folder, given=asked)

    def _in_order(self, held: set[str]) -> list[str]:
        """The machines that a job may be given: those that were reached, then those untried."""
        free = [name for name in self._machines if name not in held]
        return self._up(free) or [n for n in free if not self._machines[n].tried]

    def _up(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if self._machines[name].is_up]

    def _reason(self, cluster: str) -> str:
        """Why machines cannot be had: who holds them, or what ssh says."""
        told = []
        others = [a for a in self._assignments.holding() if a.cluster != cluster]
        held = {a.machine: a for a in others}
        for name, connection in self._machines.items():
            if name in held:
                told.append(f"{name} has run {held[name].run} of {held[name].cluster}")
            elif connection.fault:
                told.append(connection.fault)
            elif not connection.is_up:
                told.append(f"{name} is being reached")
        return "; ".join(told)

    def _dial(self, names: Sequence[str]) -> None:
        """Try to reach machines, each in a thread of its own and not too often."""
        for name in names:
            connection = self._machines[name]
            tried = connection.tried and time.monotonic() - connection.tried < _RETRY_SECONDS
            with self._lock:
                if name in self._dialing or connection.is_up or tried:
                    continue
                self._dialing.add(name)
            title = f"reach {name}"
            threading.Thread(target=self._reach, args=(name,), name=title, daemon=True).start()

    def _reach(self, name: str) -> None:
        connection = self._machines[name]
        try:
            with suppress(RunyardError):
                connection.ensure()
                self._note(connection)
        finally:
            with self._lock:
                self._dialing.discard(name)

    def _alive(self, handle: str) -> bool | None:
        machine, there = _parts(handle)
        if not machine:
            return False
        watch = self._watches.get(machine)
        if watch is None:
            # The settings name it no more: its beats tell how it is.
            return None
        watch.add(handle, there)
        return watch.alive(handle)

    def _gone(self, handle: str) -> None:
        self._assignments.ended(handle)

    def _resume(self) -> None:
        """Watch the agents of an earlier service, which hold their machines."""
        with self._lock:
            if self._resumed:
                return
            self._resumed = True
        for each in self._assignments.holding():
            if each.handle:
                self._alive(each.handle)

    def _note(self, connection: Connection) -> None:
        """Keep what a machine has for a service that has not reached it yet."""
        name, has = str(connection.machine), connection.figures
        with self._lock:
            if has is None or self._known.get(name) == has:
                return
            self._known = {**self._known, name: has}
            self._kept.mkdir(mode=0o700, parents=True, exist_ok=True)
            (self._kept / "machines.json").write_bytes(msgspec.json.encode(self._known))

    def _read_figures(self) -> dict[str, Figures]:
        try:
            return _FIGURES.decode((self._kept / "machines.json").read_bytes())
        except (OSError, msgspec.DecodeError):
            return {}


def _parts(handle: str) -> tuple[str, str]:
    """The machine of a handle, and the handle as it is known there; "" of a text that is none."""
    try:
        machine, there = msgspec.json.decode(handle, type=tuple[str, str])
    except msgspec.DecodeError:
        return "", ""
    return machine, there


def _checked(name: str, path: str) -> str:
    if path and not path.startswith(("/", "~/")):
        raise InvalidRequest(f"{name} is {path!r}; it must begin with / or ~/")
    return path


def _local(path: str) -> str:
    return str(Path(path).expanduser()) if path else ""


def _called(names: list[str]) -> str:
    return f"machine {names[0]}" if len(names) == 1 else f"the {len(names)} machines"
