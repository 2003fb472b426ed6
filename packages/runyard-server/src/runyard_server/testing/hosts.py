"""Several hosts on one machine, for tests of runs that need them.

Each is a network namespace with an address, a host name and an `/etc/hosts` of its own; files and
process ids are shared, as with a shared file system. Cables can be cut and joined, hosts killed.

    with Hosts(3) as hosts:
        hosts[0].run(["hostname"])
        hosts.cut(hosts[1])      # nothing comes through any more, and nobody is told
        hosts.heal(hosts[1])
        hosts.kill(hosts[2])     # all its processes at once, as a power cut

Needs root and the programs `ip`, `tc`, `nsenter` and `unshare`; see `hosts_network.require`. All is
removed at the end, whatever happened; what a killed process left, by the next.
"""

import atexit
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from runyard_server.testing import hosts_network as network

HOSTS_FILE = "hosts.json"
_FIRST_ADDRESS = 2
# What becomes of a process that enters a host: its own host name and /etc/hosts, then its program.
_ENTER = (
    'printf %s "$1" >/proc/sys/kernel/hostname && mount --bind "$2" /etc/hosts'
    ' && shift 2 && exec "$@"'
)
# A card that nobody has: what is sent to it gets lost without a word.
_NOBODY = "02:00:00:00:00:fe"


@dataclass(frozen=True)
class Host:
    """One simulated host.

    Args:
        name: Its host name.
        address: Where others reach it.
        namespace: Its network namespace.
        port: The other end of its cable, on this machine.
        folder: Holds its files: `hosts`, and `away` while nobody can reach it.
    """

    name: str
    address: str
    namespace: str
    port: str
    folder: str

    def command(self, program: Sequence[str]) -> list[str]:
        """The command that runs a program on the host; it keeps its process id."""
        inside = ["/bin/sh", "-c", _ENTER, "enter", self.name, f"{self.folder}/hosts", *program]
        # Not `ip netns exec`: that mounts another /sys.
        return ["nsenter", self.entrance, "unshare", "--uts", "--mount", *inside]

    @property
    def entrance(self) -> str:
        """The word of a command by which it goes to this host."""
        return f"--net={network.NAMESPACES / self.namespace}"

    def run(self, program: Sequence[str], seconds: float = 60.0) -> str:
        """Run a program on the host, wait for its end, give what it printed.

        Raises:
            subprocess.CalledProcessError: It failed.
        """
        done = subprocess.run(
            self.command(program), stdout=subprocess.PIPE, text=True, timeout=seconds, check=True
        )
        return done.stdout

    @property
    def is_away(self) -> bool:
        """Whether the host is cut off or killed: no engine could reach it."""
        return Path(self.folder, "away").exists()

    @property
    def processes(self) -> list[int]:
        """The living processes on the host."""
        return network.processes(self.namespace)


class Hosts:
    """A network of hosts; leave it, or call `close`, to remove it.

    Args:
        count: How many hosts.
        prefix: Their names are this and a number from 1.

    Attributes:
        address: This machine's on the network: where a service for them listens.
        file: A JSON file that describes the hosts, for other processes.

    Raises:
        HostsUnavailable: This machine cannot simulate hosts.
    """

    def __init__(self, count: int, prefix: str = "h") -> None:
        network.require()
        self._slot = network.Slot()
        self._folder = Path(tempfile.mkdtemp(prefix="runyard-hosts-"))
        self._closed = False
        # Bridges and namespaces are the kernel's and would outlive this process.
        atexit.register(self.close)
        addresses = [str(self._slot.network[n + _FIRST_ADDRESS]) for n in range(count)]
        self.address = str(self._slot.network[1])
        self.file = self._folder / HOSTS_FILE
        self._hosts = [self._describe(n, f"{prefix}{n + 1}", a) for n, a in enumerate(addresses)]
        try:
            self._make()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Host]:
        return iter(self._hosts)

    def __getitem__(self, number: int) -> Host:
        return self._hosts[number]

    def __len__(self) -> int:
        return len(self._hosts)

    def cut(self, host: Host) -> None:
        """Take a host off the network: nothing comes through, and nobody is told."""
        Path(host.folder, "away").touch()
        self.mute(host)

    def mute(self, host: Host) -> None:
        """Cut a host's cable, while whoever started its agents believes it to be well."""
        network.do("ip", "link", "set", host.port, "down")

    def heal(self, host: Host) -> None:
        """Put a host back on the network; one that was killed comes back empty."""
        network.do("ip", "link", "set", host.port, "up")
        Path(host.folder, "away").unlink(missing_ok=True)

    def part(self, one: Host, other: Host) -> None:
        """Let nothing through between two hosts; both still reach the service."""
        for here, there in ((one, other), (other, one)):
            # Permanent, so that no host asks for the right address again.
            self._neighbour("replace", here, there, "lladdr", _NOBODY, "nud", "permanent")

    def rejoin(self, one: Host, other: Host) -> None:
        """Undo `part`."""
        for here, there in ((one, other), (other, one)):
            self._neighbour("del", here, there)

    def delay(self, host: Host, milliseconds: float, loss_percent: float = 0.0) -> None:
        """Make a host's network slow and lossy, for what it sends.

        Args:
            host: The host.
            milliseconds: How much later a packet leaves.
            loss_percent: How many packets are lost.

        Raises:
            HostsUnavailable: The kernel lacks netem (`modprobe sch_netem`).
        """
        how = ["netem", "delay", f"{milliseconds}ms", "loss", f"{loss_percent}%"]
        network.do("tc", "-n", host.namespace, "qdisc", "replace", "dev", "eth0", "root", *how)

    def kill(self, host: Host) -> None:
        """End a host as a power cut would: no process, and no packet that tells of it."""
        # Cut first: processes that end close their connections, and a power cut tells nobody.
        self.cut(host)
        network.kill(host.namespace)

    def close(self) -> None:
        """Remove everything, with every process on the hosts."""
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self.close)
        try:
            network.remove(self._slot.number)
        finally:
            self._slot.free()
            shutil.rmtree(self._folder, ignore_errors=True)

    def _describe(self, number: int, name: str, address: str) -> Host:
        slot = self._slot.number
        folder = self._folder / name
        return Host(
            name,
            address,
            network.namespace_of(slot, name),
            network.port_of(slot, number),
            str(folder),
        )

    def _make(self) -> None:
        bridge = network.bridge_of(self._slot.number)
        # With a spanning tree each port would first listen for half a minute.
        network.do("ip", "link", "add", bridge, "type", "bridge", "stp_state", "0")
        network.do("ip", "addr", "add", f"{self.address}/24", "dev", bridge)
        network.do("ip", "link", "set", bridge, "up")
        for host in self._hosts:
            self._join(host, bridge)
        self.file.write_text(json.dumps([asdict(host) for host in self._hosts]), "utf-8")

    def _join(self, host: Host, bridge: str) -> None:
        """Make a host and put it on the network."""
        folder = Path(host.folder)
        folder.mkdir()
        others = [f"{each.address} {each.name}" for each in self._hosts]
        lines = ["127.0.0.1 localhost", "::1 localhost", f"{self.address} service", *others, ""]
        (folder / "hosts").write_text("\n".join(lines), "utf-8")
        inside = ("ip", "-n", host.namespace)
        cable = ("type", "veth", "peer", "name", "eth0", "netns", host.namespace)
        network.do("ip", "netns", "add", host.namespace)
        network.do("ip", "link", "add", host.port, *cable)
        network.do("ip", "link", "set", host.port, "master", bridge, "up")
        network.do(*inside, "addr", "add", f"{host.address}/24", "dev", "eth0")
        # The kernel makes a namespace with its loopback down.
        for device in ("lo", "eth0"):
            network.do(*inside, "link", "set", device, "up")

    def _neighbour(self, verb: str, here: Host, there: Host, *how: str) -> None:
        inside = ("ip", "-n", here.namespace, "neigh", verb)
        network.do(*inside, there.address, *how, "dev", "eth0")


def settings(file: Path, *, shares_files: bool = True, python: str = sys.executable) -> str:
    """The text of a `config.toml` with simulated hosts as the site of every new cluster.

    Args:
        file: `Hosts.file`.
        shares_files: Whether hosts see the service's files.
        python: The interpreter of the agents.
    """
    lines = ['default_site = "hosts"', "[sites.hosts]", 'backend = "simulated-hosts"']
    shared = f"shares_files = {str(shares_files).lower()}"
    return "\n".join([*lines, f'hosts = "{file}"', f'python = "{python}"', shared, ""])


def read(file: Path) -> list[Host]:
    """The hosts that another process made, from its `Hosts.file`."""
    return [Host(**each) for each in json.loads(file.read_text("utf-8"))]
