"""What a node has and uses: machines, containers of both kinds of control groups, odd systems."""

import os

import pytest

from runyard.protocol import usage
from runyard.runtime.machine import Machine, may_have_gpus


def test_the_node_tells_what_it_has_and_uses(tmp_path) -> None:
    """Each measure has a unit, and nothing is used beyond what there is."""
    machine = Machine(str(tmp_path))
    there, used = machine.capacities(), machine.levels()
    assert set(used) | set(machine.totals()) <= set(usage.UNITS)
    assert {"cpu", "memory", "disk"} == set(there)
    assert 0 < used["memory"] <= there["memory"]
    assert 0 < used["disk"] <= there["disk"]
    before = machine.totals()
    sum(range(10**6))
    assert machine.totals()["cpu"] >= before["cpu"] > 0


NODE = {
    "proc/stat": "cpu  100 0 100 800 100 0 0 0 0 0\n"
    "cpu0 80 0 90 400 50 0 0 0 0 0\ncpu1 20 0 10 400 50 0 0 0 0 0\n",
    "proc/meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 400 kB\n",
    "proc/diskstats": " 8 0 sda 5 0 10 0 5 0 20 0\n 8 1 sda1 5 0 10 0 5 0 20 0\n"
    " 253 0 dm-0 1 0 10 0 1 0 20 0\n",
    "proc/self/net/dev": "Inter-|\n face |bytes\n lo: 9 0 0 0 0 0 0 0 9 0\n"
    "eth0: 7 0 0 0 0 0 0 0 8 0\n br0: 7 0 0 0 0 0 0 0 8 0\n",
    "sys/block/sda/device/x": "",
    "sys/block/dm-0/x": "",
    "sys/class/net/eth0/device/x": "",
    "sys/class/net/br0/x": "",
}


def node(root, files=NODE) -> Machine:
    """A machine whose system tells what these files hold."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return Machine(str(root), str(root / "proc"), str(root / "sys"))


@pytest.fixture(autouse=True)
def two_cores(monkeypatch) -> None:
    """Have the process be let onto the two cores of the machine above."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {0, 1}, raising=False)


def test_nothing_counts_twice(tmp_path) -> None:
    """Partitions, what lies on disks, bridges and the loopback repeat what devices tell."""
    machine = node(tmp_path)
    ticks = os.sysconf("SC_CLK_TCK")
    assert machine.totals() == {
        "cpu": 200 / ticks,
        "disk_read": 10 * 512,
        "disk_write": 20 * 512,
        "network_in": 7,
        "network_out": 8,
    }
    assert machine.levels()["memory"] == 600 << 10


V2 = {
    "proc/self/cgroup": "0::/pod/job\n",
    "sys/fs/cgroup/pod/memory.max": "409600",
    "sys/fs/cgroup/pod/memory.current": "300000",
    "sys/fs/cgroup/pod/memory.stat": "anon 1\n\ninactive_file 100000\n",
    "sys/fs/cgroup/pod/job/memory.max": "max",
    "sys/fs/cgroup/pod/job/cpu.max": "150000 100000",
    "sys/fs/cgroup/pod/job/cpu.stat": "usage_usec 2500000\n",
}
V1 = {
    "proc/self/cgroup": "4:memory:/pod\n3:cpu,cpuacct:/\n1:name=systemd:/pod\n0::/\n",
    "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    "sys/fs/cgroup/memory/pod/memory.limit_in_bytes": "409600",
    "sys/fs/cgroup/memory/pod/memory.usage_in_bytes": "300000",
    "sys/fs/cgroup/memory/pod/memory.stat": "total_inactive_file 100000\n",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
    "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
    "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "2500000000\n",
}
# The controllers in another order than the folder's name has them; and each in a folder alone.
SWAPPED = {
    name.replace("cpu,cpuacct/", "cpu/"): text.replace("cpu,cpuacct", "cpuacct,cpu")
    for name, text in V1.items()
}
APART = {
    name.replace("cpu,cpuacct/cpuacct", "cpuacct/cpuacct").replace("cpu,cpuacct/", "cpu/"): (
        text.replace("cpu,cpuacct:/", "cpu:/\n2:cpuacct:/")
    )
    for name, text in V1.items()
}
# Docker with control groups of version 1: the path is the host's, the folders are its own.
HOST_PATH = dict(
    {name.replace("memory/pod/", "memory/"): text for name, text in V1.items()},
    **{"proc/self/cgroup": "4:memory:/docker/0a1b\n3:cpu,cpuacct:/docker/0a1b\n"},
)


@pytest.mark.parametrize(
    "files", [V2, V1, SWAPPED, APART, HOST_PATH], ids=["v2", "v1", "swapped", "apart", "docker"]
)
def test_a_container_has_its_own_limits(tmp_path, files) -> None:
    """A job in a container of 1.5 cores sees how near to its limits it is, not the machine's."""
    machine = node(tmp_path, dict(NODE, **files))
    assert (machine.capacities()["cpu"], machine.capacities()["memory"]) == (1.5, 409600)
    assert (machine.totals()["cpu"], machine.levels()["memory"]) == (2.5, 200000)


def test_granted_cores_are_the_node(tmp_path, monkeypatch) -> None:
    """Where a container or a batch system grants one core of two, the other is not told of."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {1}, raising=False)
    machine = node(tmp_path)
    assert machine.capacities()["cpu"] == 1
    assert machine.totals()["cpu"] == 30 / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize(
    "files",
    [
        {},
        dict.fromkeys([*NODE, *V2], ""),
        dict.fromkeys([*NODE, *V1], "no \x00 number : here"),
        {"proc/stat": "cpu\ncpu0 1\n", "proc/meminfo": "MemTotal:\n\nMemFree: many kB\n"},
        {"proc/self/cgroup": "0::/../../elsewhere\n", "sys/fs/cgroup/cpu.max": "max 0"},
    ],
    ids=["nothing", "empty", "noise", "short", "elsewhere"],
)
def test_what_is_not_told_is_left_out(tmp_path, files) -> None:
    """Neither a hidden /proc nor one of another shape is an error; the disk has its size still."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    machine = Machine(str(tmp_path), str(tmp_path / "proc"), str(tmp_path / "sys"))
    assert set(machine.capacities()) == {"cpu", "disk"}
    assert set(machine.levels()) == {"disk"}
    assert machine.totals() == {}
    gone = Machine(str(tmp_path / "gone"), str(tmp_path / "proc"), str(tmp_path / "sys"))
    assert gone.levels() == {}


def test_where_there_is_no_driver_nothing_is_loaded(tmp_path) -> None:
    """Most nodes have no GPU: they do not even look for the library."""
    assert not may_have_gpus([str(tmp_path / "nvidiactl")])
    assert may_have_gpus([str(tmp_path)])
