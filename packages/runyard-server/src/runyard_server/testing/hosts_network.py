"""Simulated hosts below: namespaces, links, addresses, and who may have which.

A network is a bridge on this machine and a namespace per host, joined by a cable each:

    this machine   runyard<k>  10.77.<k>.1      the bridge; the service listens here
    host h1        eth0        10.77.<k>.2      its other end, ry<k>h0, is a port of the bridge
    host h2        eth0        10.77.<k>.3      ...

The number <k> is held with a file lock for the life of the process that made the network, so
several may be there side by side. What a killed process left is known by its lock being free, and
removed by whoever makes a network next.
"""

import fcntl
import ipaddress
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from runyard.protocol import procfs
from runyard_server.testing import programs

LOCKS = Path("/run/runyard-hosts")
NAMESPACES = Path("/run/netns")
SLOTS = 200
_PROGRAMS = {"ip": "iproute2", "tc": "iproute2", "nsenter": "util-linux", "unshare": "util-linux"}
_KILL_SECONDS = 10.0


class HostsUnavailable(RuntimeError):
    """This machine cannot simulate hosts; says what it lacks."""


def require() -> None:
    """Make sure that this machine can simulate hosts.

    Raises:
        HostsUnavailable: It cannot; with what to install, or how to run.
    """
    lacking = []
    if not sys.platform.startswith("linux"):
        lacking.append("Linux (network namespaces)")
    elif os.geteuid() != 0:
        lacking.append("root: run the tests as root, as in `sudo make test TESTS=tests/hosts`")
    absent = {
        package for name, package in _PROGRAMS.items() if not shutil.which(name, path=programs.PATH)
    }
    if absent:
        lacking.append(f"programs: apt-get install {' '.join(sorted(absent))}")
    if lacking:
        raise HostsUnavailable(f"simulated hosts need {'; '.join(lacking)}")


def do(*command: str, may_fail: bool = False) -> str:
    """Run `ip`, `tc` or the like; give what it printed.

    Raises:
        HostsUnavailable: It failed; with its own words.
    """
    try:
        return programs.run(*command)
    except programs.ProgramFailed as error:
        if may_fail:
            return ""
        raise HostsUnavailable(str(error)) from None


class Slot:
    """The right to a number, and with it to names and addresses, until `free`.

    Raises:
        HostsUnavailable: All numbers are held, or their addresses are used by somebody else.
    """

    def __init__(self) -> None:
        LOCKS.mkdir(mode=0o700, parents=True, exist_ok=True)
        sweep()
        used = _used_networks()
        for number in range(SLOTS):
            file = _lock(number)
            if file is None:
                continue
            network = ipaddress.ip_network(f"10.77.{number}.0/24")
            if not any(network.overlaps(other) for other in used):
                self.number, self._file, self.network = number, file, network
                return
            os.close(file)
        raise HostsUnavailable("no network 10.77.<0-199>.0/24 is free on this machine")

    def free(self) -> None:
        """Let others have the number."""
        os.close(self._file)


def bridge_of(slot: int) -> str:
    """The name of a network's bridge."""
    return f"runyard{slot}"


def namespace_of(slot: int, name: str) -> str:
    """The name of a host's namespace."""
    return f"runyard-{slot}-{name}"


def port_of(slot: int, number: int) -> str:
    """The name of the bridge's end of a host's cable."""
    # Linux takes 15 letters for the name of a link.
    return f"ry{slot}h{number}"


def sweep() -> None:
    """Remove the networks of processes that are gone."""
    for file in LOCKS.glob("*.lock"):
        number = int(file.stem)
        held = _lock(number)
        if held is not None:
            try:
                remove(number)
            finally:
                os.close(held)


def remove(slot: int) -> None:
    """Remove a network with every process on its hosts; what is not there is no error."""
    for path in NAMESPACES.glob(f"runyard-{slot}-*"):
        kill(path.name)
        do("ip", "netns", "del", path.name, may_fail=True)
    bridge = bridge_of(slot)
    if Path("/sys/class/net", bridge).exists():
        for port in Path("/sys/class/net", bridge, "brif").glob("*"):
            do("ip", "link", "del", port.name, may_fail=True)
        do("ip", "link", "del", bridge, may_fail=True)


def kill(namespace: str) -> None:
    """End every process of a host at once; a power cut gives no time to clean up."""
    until = time.monotonic() + _KILL_SECONDS
    # Stopped first: whoever still ran could start another, or tell of another's end.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in processes(namespace):
            _signal(pid, number)
    # What forked between look and signal is found by the next look.
    while left := processes(namespace):
        for pid in left:
            _signal(pid, signal.SIGKILL)
        if time.monotonic() > until:
            raise HostsUnavailable(f"processes {left} of {namespace} cannot be ended")
        time.sleep(0.01)


def processes(namespace: str) -> list[int]:
    """The living processes in a namespace; a zombie is dead."""
    try:
        wanted = (NAMESPACES / namespace).stat().st_ino
    except FileNotFoundError:
        return []
    return sorted(_inside(wanted))


def _inside(wanted: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if (entry / "ns" / "net").stat().st_ino != wanted:
                    continue
                told = procfs.stat(entry.name)
                if told and not procfs.is_dead(told):
                    yield int(entry.name)


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _lock(slot: int) -> int | None:
    """Take a number's lock; None while somebody holds it."""
    file = os.open(LOCKS / f"{slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    return file


def _used_networks() -> Sequence[Any]:
    """The networks that this machine has routes to, but for the way to everywhere."""
    told: list[dict[str, Any]] = json.loads(do("ip", "-j", "-4", "route", "show") or "[]")
    names = [str(route.get("dst", "default")) for route in told]
    return [ipaddress.ip_network(name, strict=False) for name in names if name != "default"]
