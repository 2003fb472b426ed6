"""System metrics as the agent samples them: they tell what is used, and never harm the job."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol import codec, usage
from runyard.runtime import mark, sampling
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job
from runyard.runtime.machine import Machine
from runyard.runtime.process_usage import Group, ProcessUsage
from runyard.runtime.sampling import Look, Sampler, wanted

HELD = 48 << 20
BUSY = f"""
import subprocess, sys, time
if len(sys.argv) > 1:
    held = b"x" * {HELD}
    print("ready", flush=True)
    while True: pass
subprocess.run([sys.executable, sys.argv[0], "child"])
"""


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[int]:
    """A process whose child holds memory and works; its id."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    command = [sys.executable, "-S", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        os.killpg(process.pid, 9)


def job(room: Any, **changes: Any) -> Job:
    """A job as an agent reads it."""
    return Job(codec.to_plain(room.write_job("pass", **changes)))


def test_a_job_is_all_its_processes(busy: int) -> None:
    """Cores and memory of what a script has started count as the script's, and as its rank's."""
    measured = ProcessUsage(0, time.monotonic())
    groups = [Group("rank/2", busy)]
    measured.measure(groups)
    begun = time.monotonic()
    while time.monotonic() - begun < 0.3:
        time.sleep(0.05)
    found = measured.measure(groups)
    assert sorted(found) == ["job", "rank/2"]
    for scope in found.values():
        assert scope["memory"] > HELD
        assert 0 < scope["cpu"] < 1.5
    assert {"disk_read", "disk_write"} <= set(found["job"])


def test_marked_processes_are_found(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A daemon that has left its parents is the job's by its mark."""
    own = mark.of(busy)
    monkeypatch.setattr(mark, "of", lambda pid: 42 if pid == busy else own)
    found = ProcessUsage(42, time.monotonic()).measure([])
    # Not its child: it does not bear the mark here.
    assert 0 < found["job"]["memory"] < HELD


def test_the_node_tells_what_it_has_and_uses(tmp_path: Path) -> None:
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


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


NODE = {
    "proc/stat": "cpu  100 0 100 800 100 0 0 0 0 0\n",
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


def node(root: Path, **more: str) -> Machine:
    lay(root, {**NODE, **{name.replace("__", "/"): text for name, text in more.items()}})
    return Machine(str(root), str(root / "proc"), str(root / "sys"))


def test_nothing_counts_twice(tmp_path: Path) -> None:
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


@pytest.mark.parametrize(
    "files",
    [
        {
            "proc/self/cgroup": "0::/pod/job\n",
            "sys/fs/cgroup/pod/memory.max": "409600",
            "sys/fs/cgroup/pod/memory.current": "300000",
            "sys/fs/cgroup/pod/memory.stat": "anon 1\ninactive_file 100000\n",
            "sys/fs/cgroup/pod/job/memory.max": "max",
            "sys/fs/cgroup/pod/job/cpu.max": "150000 100000",
            "sys/fs/cgroup/pod/job/cpu.stat": "usage_usec 2500000\n",
        },
        {
            "proc/self/cgroup": "4:memory:/pod\n3:cpu,cpuacct:/\n",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            "sys/fs/cgroup/memory/pod/memory.limit_in_bytes": "409600",
            "sys/fs/cgroup/memory/pod/memory.usage_in_bytes": "300000",
            "sys/fs/cgroup/memory/pod/memory.stat": "total_inactive_file 100000\n",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu,cpuacct/cpuacct.usage": "2500000000\n",
        },
    ],
)
def test_a_container_has_its_own_limits(tmp_path: Path, files: dict[str, str]) -> None:
    """A job in a container of 1.5 cores sees how near to its limits it is, not the machine's."""
    lay(tmp_path, files)
    machine = node(tmp_path)
    assert (machine.capacities()["cpu"], machine.capacities()["memory"]) == (1.5, 409600)
    assert (machine.totals()["cpu"], machine.levels()["memory"]) == (2.5, 200000)


def test_lines_are_what_the_service_reads(room: Any, busy: int) -> None:
    """Each name has a node, a scope and a known measure, or what it can be at most."""
    look = Look(job(room, node=3), RunFolder(str(room.run_folder)), 0, time.monotonic())
    told = {**look.constants(), **look.values([Group("rank/0", busy)])}
    later = look.values([Group("rank/0", busy)])
    assert {"node/cpu", "node/memory", "job/cpu", "rank/0/memory"} <= set(later)
    for name, value in {**told, **later}.items():
        scope, *_, measure = name.split("/")
        assert scope in usage.SCOPES
        assert measure.replace(usage.CAPACITY, "") in {*usage.UNITS, usage.LABEL}
        assert value == json.loads(json.dumps(value))


def run_for(room: Any, seconds: float, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Sampler:
    monkeypatch.setattr(sampling, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(sampling, "SHARE", 1.0)
    folder = RunFolder(str(room.run_folder))
    Path(folder.spool).mkdir(exist_ok=True)
    sampler = Sampler(job(room, **more), folder)
    sampler.start([])
    time.sleep(seconds)
    sampler.stop()
    return sampler


def spooled(room: Any) -> list[dict[str, Any]]:
    files = sorted((room.run_folder / "spool").glob("*.jsonl"))
    return [json.loads(text) for file in files for text in file.read_text().splitlines()]


def test_samples_are_in_the_spool_at_the_end(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was sampled since the last sending is not lost when the job ends."""
    run_for(room, 0.3, monkeypatch, node=1)
    lines = spooled(room)
    cpu = [one for one in lines if one["n"] == "system/1/node/memory"]
    assert len(cpu) > 1
    assert {(one["k"], one["s"]) for one in lines} == {("usage", None)}
    assert abs(cpu[0]["t"] / 1e6 - time.time()) < 60


def test_a_fault_of_sampling_is_told_once(
    room: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """The job goes on without system metrics, and the agent's log says why."""

    def broken(*_: Any) -> None:
        raise RuntimeError("no such counter")

    monkeypatch.setattr(sampling, "Look", broken)
    run_for(room, 0.1, monkeypatch)
    assert capfd.readouterr().err.count("no such counter") == 1
    assert spooled(room) == []


def test_a_look_that_costs_much_is_rare(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a machine with many processes it stays below half a hundredth of a core."""
    sampler = Sampler(job(room), RunFolder(str(room.run_folder)))
    assert sampler._pause(0.0) == 1.0
    assert sampler._pause(0.1) == 20.0
    sampler._began -= 3600
    assert sampler._pause(0.001) == 5.0
    sampler._began -= 7 * 86400
    assert 60 < sampler._pause(0.001) < 61


@pytest.mark.parametrize(
    ("settings", "variables", "expected"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "0"}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "off"}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "1"}, True),
    ],
)
def test_it_can_be_switched_off(
    room: Any, settings: bool, variables: dict[str, str], expected: bool
) -> None:
    """By the service's settings for all, by a variable of the run for one."""
    assert wanted(job(room, system_metrics=settings, variables=variables)) is expected


def test_a_job_of_one_process_is_sampled(room: Any) -> None:
    """From its second second on, and a short job has neither thread nor request for it."""
    room.run("import time; time.sleep(1.3)")
    (lines,) = room.service.lines.values()
    names_told = {line["n"] for line in lines}
    assert {"system/0/job/cpu", "system/0/job/memory", "system/0/node/memory"} <= names_told
    assert not any(name.startswith("system/0/rank") for name in names_told)
    used = [line["v"] for line in lines if line["n"] == "system/0/job/memory"]
    assert used[0] > 1 << 20


def test_a_short_job_sends_nothing(room: Any) -> None:
    """Its start and its end cost what they did."""
    room.run("pass")
    assert room.service.lines == {}


def test_threads_end(room: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No sampler outlives its job."""
    run_for(room, 0.05, monkeypatch)
    assert "sampler" not in {thread.name for thread in threading.enumerate()}
