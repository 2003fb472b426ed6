"""What goes wrong on a Ray cluster, beside what every test run looks at."""

import json
import os
import signal
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.ray.clusters import Cluster, until
from tests.ray.yard import RayYard, yard_on

from azureml.core.runconfig import PyTorchConfiguration

WAIT = """
import os, time
with open(os.environ["STARTS"], "a") as file:
    file.write("%d\\n" % os.getpid())
while not os.path.exists(os.environ["STARTS"] + ".end"):
    time.sleep(0.05)
"""
RUNS = int(os.environ.get("SOAK_RAY_RUNS", "1000"))
COMPARED = int(os.environ.get("SOAK_RAY_COMPARED", "200"))
EACH = 5


@pytest.fixture
def yard(tmp_path: Path) -> Iterator[RayYard]:
    """A head of four CPUs, and a service on it."""
    with Cluster(cpus=4) as cluster, yard_on(cluster, tmp_path, memory_share=0.1) as made:
        yield made


def _begun(yard: RayYard, **more: Any) -> tuple[Any, Path]:
    starts = yard.folder / "starts"
    run = yard.submit(
        yard.target("one", max_nodes=1), WAIT, variables={"STARTS": str(starts)}, **more
    )
    yard.begin(run, starts)
    return run, starts


def _killed(yard: RayYard, name: str) -> None:
    """Kill the processes of a name among those of the cluster."""
    for process in psutil.process_iter():
        try:
            words, ours = process.cmdline(), str(yard.cluster.folder) in process.cwd()
        except psutil.Error:
            continue
        if ours and any(name in word for word in words):
            process.kill()


def test_an_actor_that_is_killed_costs_nothing(yard: RayYard) -> None:
    """Another one takes its place and finds the agent, which has noticed nothing."""
    run, starts = _begun(yard)
    _killed(yard, "ray::NodeWorker")
    time.sleep(8)
    Path(f"{starts}.end").touch()
    yard.wait(run)
    assert run.get_status() in ("Completed", "Failed")
    assert len(starts.read_text().splitlines()) == 1


def test_a_driver_that_is_killed_costs_an_attempt(yard: RayYard) -> None:
    """Its agents end with it; another driver is sent, and the run begins anew."""
    run, starts = _begun(yard, retries=1)
    _killed(yard, "compute.ray.on_head")
    until(lambda: len(starts.read_text().splitlines()) == 2, 120)
    Path(f"{starts}.end").touch()
    yard.wait(run)
    assert run.get_status() == "Completed", run.get_details()


def test_a_head_that_is_lost_fails_its_runs_and_comes_back(yard: RayYard) -> None:
    """They say so, and the next run is on the head that was started again."""
    run, starts = _begun(yard)
    yard.cluster.kill_head()
    os.kill(int(starts.read_text().split()[0]), signal.SIGKILL)
    yard.wait(run, 150)
    assert run.get_status() == "Failed"
    yard.cluster.start()
    after = yard.submit("one", "print('again')")
    yard.wait(after, 150)
    assert after.get_status() == "Completed", after.get_details()


def test_a_gang_on_nodes_that_share_a_machine(tmp_path: Path) -> None:
    """With `share_nodes` two nodes of ours on one of Ray's have a run, once and again."""
    shape = PyTorchConfiguration(process_count=2)
    text = "import os; print('rank', os.environ['RANK'])"
    with (
        Cluster(cpus=4) as cluster,
        yard_on(cluster, tmp_path, memory_share=0.0, share_nodes=True) as yard,
    ):
        target = yard.target("both", max_nodes=2, idle_seconds_before_scaledown=600)
        for _ in range(3):
            run = yard.submit(target, text, nodes=2, distributed_job_config=shape)
            yard.wait(run)
            assert run.get_status() == "Completed", run.get_details()


@pytest.mark.timeout(3600)
def test_many_runs_leave_nothing_on_the_head(
    yard: RayYard, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """The head's memory does not grow with the runs; each takes about as long as the others.

    The first hundred come before the first look: buffers, and what Ray itself remembers of a job.
    """
    target, seconds = yard.target("one", max_nodes=1, idle_seconds_before_scaledown=600), []
    before: dict[str, float] = {}
    for number in range(RUNS):
        begun = time.monotonic()
        run = yard.submit(target, "print(1)")
        run.wait_for_completion()
        seconds.append(time.monotonic() - begun)
        assert run.get_status() == "Completed", run.get_details()
        if number == min(100, RUNS // 2):
            before = _memory(yard)
    after = _memory(yard)
    grown = {name: round(after[name] - before.get(name, 0), 1) for name in sorted(after)}
    median = round(statistics.median(seconds), 3)
    record_testsuite_property("head", {"runs": RUNS, "median": median, "MB": after, "grown": grown})
    print(f"{RUNS} runs: median {median} s, MB of the head {after}, grown by {grown}")  # noqa: T201 - what the soak is for
    assert sum(grown.values()) < 20 + RUNS * 0.05


@pytest.mark.timeout(3600)
def test_what_a_run_costs(
    yard: RayYard, record_testsuite_property: Callable[[str, object], None]
) -> None:
    """On a node that is up a run takes 300 ms longer than on this machine at most."""
    target = yard.target("one", max_nodes=1, idle_seconds_before_scaledown=600)
    yard.wait(yard.submit(target, "print(1)"))
    took: dict[str, list[float]] = {"ray": [], "local": [], "ray job": []}
    for number in range(COMPARED):
        for name, seconds in took.items():
            begun = time.monotonic()
            if name != "ray job":
                yard.submit(target if name == "ray" else "local", "print(1)").wait_for_completion()
            elif number % EACH == 0:
                _job(yard.cluster)
            else:
                # One takes as long as four of ours, and says no more by coming two hundred times.
                continue
            seconds.append(time.monotonic() - begun)
    medians = {name: round(statistics.median(seconds), 3) for name, seconds in took.items()}
    record_testsuite_property("medians", medians)
    print(f"{COMPARED} of each in turns, medians: {medians}")  # noqa: T201 - what the soak is for
    assert medians["ray"] < medians["local"] + 0.3


def _job(cluster: Cluster) -> None:
    """Have a job of Ray's own print a line, and wait for its end."""
    body = json.dumps({"entrypoint": "python3 -c 'print(1)'"}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{cluster.address}/api/jobs/", body, headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        identity = json.load(response)["submission_id"]
    until(lambda: cluster.ask(f"/api/jobs/{identity}")["status"] == "SUCCEEDED")


def _memory(yard: RayYard) -> dict[str, float]:
    """Megabytes that the head's processes have for themselves, by what they are."""
    found: dict[str, float] = {}
    for each in psutil.process_iter():
        with suppress(psutil.Error):
            words = each.cmdline()
            if any(str(yard.cluster.folder) in word for word in (each.cwd(), *words)):
                # Shared pages count for each by its share: the object store is in several.
                pss = each.memory_full_info().pss / 1e6
                name = _called(words)
                found[name] = round(found.get(name, 0) + pss, 1)
    return found


def _called(words: list[str]) -> str:
    line = " ".join(words)
    signs = {
        "compute.ray.on_head": "driver",
        "gcs_server": "gcs",
        "raylet/raylet": "raylet",
        "dashboard/dashboard.py": "dashboard",
        "ray::": "workers",
    }
    return next((name for sign, name in signs.items() if sign in line), "others")
