"""System metrics as the agent samples them: they tell what is used, and never harm the job."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from runyard.protocol import usage
from runyard.runtime import mark, sampling
from runyard.runtime import usage as looks
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job
from runyard.runtime.machine import Machine
from runyard.runtime.process_usage import Group, ProcessUsage
from runyard.runtime.sampling import Look, Sampler, Times, wanted

HELD = 48 << 20
# A parent that only waits; a child that holds memory and works; each line ends one and begins one.
BUSY = f"""
import subprocess, sys
if len(sys.argv) > 1:
    held = b"x" * {HELD}
    print("ready", flush=True)
    while True: pass
for line in sys.stdin:
    child = subprocess.Popen([sys.executable, "-S", sys.argv[0], "child"])
    sys.stdin.readline()
    child.kill()
    child.wait()
    print("ended", flush=True)
"""


class Parent:
    """A process with a child at a time, each in the group that it leads."""

    def __init__(self, script) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-S", str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self.pid = self.process.pid

    def turn(self) -> None:
        """Begin a child, or end it."""
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def close(self) -> None:
        """End both."""
        os.killpg(self.pid, 9)
        self.process.communicate()


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    """The program of such a process."""
    path = tmp_path_factory.mktemp("busy") / "busy.py"
    path.write_text(BUSY)
    return path


@pytest.fixture
def busy(script):
    """A process whose child holds memory and works."""
    parent = Parent(script)
    parent.turn()
    yield parent
    parent.close()


def job(**more: object) -> Job:
    """A job as an agent reads it."""
    spec = dict({"script": "train.py", "target": "cpu"}, **more.pop("spec", {}))
    given = {
        "run": "used_1",
        "workspace": "w",
        "workspace_name": "w",
        "subscription_id": "",
        "resource_group": "",
        "experiment_id": "",
        "url": "",
        "token": "",
        "spec": spec,
        "environment": {},
        "files": [],
        "blobs": "",
        "data": [],
        "light": "",
        "connection_file": "",
        "run_folder": "",
    }
    return Job(dict(given, **more))


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    """A run folder whose spool is there."""
    found = RunFolder(str(tmp_path / "run"))
    Path(found.spool).mkdir(parents=True)
    return found


def measure_after(measured, groups, seconds=0.3):
    """What was used in some time."""
    measured.measure(groups)
    time.sleep(seconds)
    return measured.measure(groups)


def test_a_job_is_all_its_processes(busy) -> None:
    """Cores and memory of what a script has started count as the script's, and as its rank's."""
    found = measure_after(ProcessUsage(0, time.monotonic()), [Group("rank/2", busy.pid)])
    assert sorted(found) == ["job", "rank/2"]
    for scope in found.values():
        assert scope["memory"] > HELD
        assert 0 < scope["cpu"] < 1.5


def test_ranks_of_a_node_are_told_apart(busy, script) -> None:
    """Who works and who waits is seen, though both are the same job's."""
    idle = Parent(script)
    try:
        # Whose start, which is work too, is over.
        idle.turn()
        idle.turn()
        groups = [Group("rank/0", busy.pid), Group("rank/1", idle.pid)]
        found = measure_after(ProcessUsage(0, time.monotonic()), groups)
    finally:
        idle.close()
    assert found["rank/0"]["cpu"] > 0
    assert found["rank/1"]["cpu"] < 0.05
    assert found["rank/0"]["memory"] > HELD > found["rank/1"]["memory"]
    total = found["rank/0"]["memory"] + found["rank/1"]["memory"]
    assert abs(found["job"]["memory"] - total) < 1 << 20


def test_processes_come_and_go(busy) -> None:
    """A child that has ended counts with its parent, and a new one from its beginning."""
    measured, groups = ProcessUsage(0, time.monotonic()), [Group("job", busy.pid)]
    assert measure_after(measured, groups)["job"]["memory"] > HELD
    # The kernel counts in hundredths of a second: over less the share would be chance.
    time.sleep(0.3)
    busy.turn()
    without = measured.measure(groups)["job"]
    assert without["memory"] < HELD
    # What the child used since the last look is not lost with it, and nothing is below zero.
    assert 0 <= without["cpu"] < 2
    busy.turn()
    again = measure_after(measured, groups)["job"]
    assert again["memory"] > HELD
    assert 0 < again["cpu"] < 1.5
    busy.close()
    assert measured.measure(groups) == {}


def test_marked_processes_are_found(busy, monkeypatch) -> None:
    """A daemon that has left its parents is the job's by its mark."""
    own = mark.of(busy.pid)
    monkeypatch.setattr(mark, "of", lambda pid: 42 if pid == busy.pid else own)
    found = ProcessUsage(42, time.monotonic()).measure([])
    # Not its child: it does not bear the mark here.
    assert 0 < found["job"]["memory"] < HELD


def test_without_proc_the_node_is_still_sampled(folder, busy, monkeypatch, capfd, tmp_path) -> None:
    """Where neither /proc nor ps is there, the processes are missing: told once, no more."""
    look = Look(job(), folder, 0, time.monotonic())
    monkeypatch.setattr(looks, "PROC", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    for _ in range(3):
        found = look.values([Group("job", busy.pid)])
    assert "node/memory" in found
    assert not any(name.startswith("job/") for name in found)
    assert capfd.readouterr().err.count("processes cannot be read") == 1


def test_a_fault_of_one_part_leaves_the_others(folder, busy, monkeypatch, capfd) -> None:
    """Counters of an odd machine, or a driver that breaks down, cost only what they would tell."""

    class Broken:
        def levels(self):
            raise OSError("the driver is gone")

    look = Look(job(), folder, 0, time.monotonic())
    look._gpus = Broken()
    monkeypatch.setattr(Machine, "totals", lambda _machine: {"cpu": int("many")})
    for _ in range(2):
        found = look.values([Group("job", busy.pid)])
    assert {"job/cpu", "node/memory", "node/disk"} <= set(found)
    said = capfd.readouterr().err
    assert said.count("the driver is gone") == said.count("many") == 1


def test_times_never_go_back(monkeypatch) -> None:
    """Put back by an hour, the clock does not turn a series around; put right, it is followed."""
    real, ahead = time.time, [0.0]
    monkeypatch.setattr(sampling.time, "time", lambda: real() + ahead[0])
    times = Times()
    first = times.microseconds()
    assert abs(first / 1e6 - real()) < 1
    ahead[0] = -3600.0
    second = times.microseconds()
    assert 0 <= second - first < 1e6
    ahead[0] = 7200.0
    assert 7199e6 < times.microseconds() - first < 7202e6


def test_lines_are_what_the_service_reads(folder, busy) -> None:
    """Each name has a node, a scope and a known measure, or what it can be at most."""
    look = Look(job(node=3), folder, 0, time.monotonic())
    told = dict(look.constants(), **look.values([Group("rank/0", busy.pid)]))
    later = look.values([Group("rank/0", busy.pid)])
    assert {"node/cpu", "node/memory", "job/cpu", "rank/0/memory"} <= set(later)
    for name, value in dict(told, **later).items():
        scope, measure = name.split("/")[0], name.split("/")[-1]
        assert scope in usage.SCOPES
        assert measure.replace(usage.CAPACITY, "") in {*usage.UNITS, usage.LABEL}
        assert value == json.loads(json.dumps(value))


def run_for(folder, seconds, monkeypatch, **more: object) -> None:
    """Sample for some time, quickly."""
    monkeypatch.setattr(sampling, "YOUNG_PAUSE", 0.02)
    monkeypatch.setattr(sampling, "SHARE", 1.0)
    sampler = Sampler(job(**more), folder, [], 0, time.monotonic())
    sampler.start()
    time.sleep(seconds)
    sampler.stop()
    assert "sampler" not in {thread.name for thread in threading.enumerate()}


def spooled(folder):
    """What was put into the spool."""
    files = Path(folder.spool).iterdir()
    return [json.loads(line) for file in files for line in file.read_text().splitlines()]


def test_samples_are_in_the_spool_at_the_end(folder, monkeypatch) -> None:
    """What was sampled since the last sending is not lost when the job ends."""
    run_for(folder, 0.3, monkeypatch, node=1)
    lines = spooled(folder)
    memory = [one for one in lines if one["n"] == "system/1/node/memory"]
    assert len(memory) > 1
    assert {(one["k"], one["s"]) for one in lines} == {("usage", None)}
    assert abs(memory[0]["t"] / 1e6 - time.time()) < 60


def test_a_fault_of_sampling_is_told_once(folder, monkeypatch, capfd) -> None:
    """The job goes on without system metrics, and the agent's log says why."""

    def broken(*_: object) -> None:
        raise RuntimeError("no such counter")

    monkeypatch.setattr(sampling, "Look", broken)
    run_for(folder, 0.1, monkeypatch)
    assert capfd.readouterr().err.count("no such counter") == 1
    assert spooled(folder) == []


def test_a_full_disk_is_the_scripts(folder, monkeypatch) -> None:
    """Samples that cannot be kept are dropped, and the job's end does not fail for them."""
    Path(folder.spool).rmdir()
    run_for(folder, 0.1, monkeypatch)
    assert not Path(folder.spool).exists()


def test_a_look_that_costs_much_is_rare(folder) -> None:
    """On a machine with many processes it stays below half a hundredth of a core."""
    sampler = Sampler(job(), folder, [], 0, time.monotonic())
    assert sampler._pause(0.0) == 1.0
    assert sampler._pause(0.1) == 20.0
    sampler._began -= 3600
    assert sampler._pause(0.001) == 5.0
    sampler._began -= 7 * 86400
    assert 60 < sampler._pause(0.001) < 61


@pytest.mark.parametrize(
    ("settings", "given", "inherited", "expected"),
    [
        (True, {}, {}, True),
        (False, {}, {}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "0"}, {}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "off"}, {}, False),
        (True, {}, {"RUNYARD_SYSTEM_METRICS": "0"}, False),
        (True, {"RUNYARD_SYSTEM_METRICS": "1"}, {"RUNYARD_SYSTEM_METRICS": "0"}, True),
    ],
)
def test_it_can_be_switched_off(folder, settings, given, inherited, expected) -> None:
    """By the service's settings for all; for a run by its variables, or those of who submits it."""
    Path(folder.inherited_file).write_text(json.dumps(inherited))
    mine = job(system_metrics=settings, spec={"environment_variables": given})
    assert wanted(mine, folder) is expected
