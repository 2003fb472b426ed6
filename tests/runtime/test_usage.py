"""What the processes of a node use: measured over each one's descendants, told to its end."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.runtime import usage
from runyard.runtime.managed_process import Plan
from runyard.runtime.processes import start
from runyard.runtime.ranks import WRAPPER, Rank
from runyard.runtime.usage import Meter, clock_seconds, measure

HELD = 64 << 20
BUSY = f"""
import subprocess, sys, time
held = bytearray({HELD})
held[::4096] = b"x" * len(held[::4096])
end = time.process_time() + 0.2
while time.process_time() < end:
    pass
print("ready", flush=True)
sys.stdin.read()
"""
# The work is done by a grandchild, as under a launcher or a shell.
NESTED = "import subprocess, sys; subprocess.run([sys.executable, '-c', sys.argv[1]])"


@pytest.fixture
def busy() -> Iterator[int]:
    """A process whose child holds memory and has worked; its id."""
    with subprocess.Popen(
        [sys.executable, "-c", NESTED, BUSY], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        assert process.stdin is not None
        process.stdin.close()


def task(pid: int, state: str = "running", **more: Any) -> dict[str, Any]:
    """The part of a TaskReport that matters here."""
    return {"pid": pid, "state": state, **more}


def test_descendants_count(busy: int) -> None:
    """A rank's work may be done by a process below it."""
    used = measure([busy, 1 << 30])
    assert list(used) == [busy]
    assert used[busy].memory_bytes > HELD
    assert used[busy].cpu_seconds > 0.15


def test_ps_tells_the_same(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no /proc."""
    expected = measure([busy])[busy]
    monkeypatch.setattr(usage, "PROC", "/nowhere")
    used = measure([busy])[busy]
    assert used.memory_bytes == pytest.approx(expected.memory_bytes, rel=0.1)
    # Whole seconds are all that some systems' ps tells.
    assert used.cpu_seconds == pytest.approx(expected.cpu_seconds, abs=1.1)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0:01.50", 1.5), ("01:02:03", 3723), ("2-00:00:10", 172810)]
)
def test_ps_times(text: str, seconds: float) -> None:
    """Each system writes them in its own way."""
    assert clock_seconds(text) == seconds


def test_the_machine_is_asked_every_few_seconds(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often an agent wakes, a look at all processes is rare."""
    meter = Meter()
    looks = []
    real = measure
    monkeypatch.setattr(usage, "measure", lambda pids: looks.append(1) or real(pids))
    for now in range(0, 60, 1):
        monkeypatch.setattr(usage.time, "monotonic", lambda now=now: 1000.0 + now)
        assert meter.fill([task(busy)])[0]["memory_bytes"] > HELD
    assert 10 < len(looks) < 17


def test_what_was_seen_stays_when_a_process_has_ended(busy: int) -> None:
    """It holds no memory then; its peak and its time are kept, or the system's if they are more."""
    meter = Meter(seconds=60)
    running = meter.fill([task(busy)])[0]
    ended = meter.fill([task(busy, "completed", cpu_seconds=9.0, peak_memory_bytes=1)])[0]
    assert ended["memory_bytes"] == 0
    assert ended["cpu_seconds"] == 9.0
    assert ended["peak_memory_bytes"] == running["peak_memory_bytes"]


def test_a_short_rank_of_mpi_is_told_too(tmp_path: Path) -> None:
    """mpirun starts it, so its shell writes down what it has used."""
    text = WRAPPER.replace("@NODES@", f"*) log={tmp_path};;").replace("@EACH@", "1")
    text = text.replace("@LOG@", "log").replace("@FOLDER@", str(tmp_path))
    work = "import time\nwhile time.process_time() < 0.1: pass"
    command = ["/bin/sh", "-c", text, "sh", sys.executable, "-c", work]
    subprocess.run(command, env={**os.environ, "PMI_RANK": "0"}, check=True)
    rank = Rank(Plan("rank 0", [], {}, "", "", record=str(tmp_path / "rank-0")))
    assert rank.ended() == 0
    assert 0.05 < rank.cpu_seconds < 5


def test_a_short_process_is_told_too(tmp_path: Path) -> None:
    """One that ends before the first look: the system says at its end what it has used."""
    command = [sys.executable, "-c", "sum(range(3_000_000)); raise SystemExit(3)"]
    started = start(Plan("p", command, dict(os.environ), str(tmp_path), str(tmp_path / "log")))
    until = time.monotonic() + 60
    while started.ended() is None and time.monotonic() < until:
        time.sleep(0.01)
    assert started.ended() == 3
    assert started.cpu_seconds > 0
    assert started.peak_memory_bytes > 1 << 20
