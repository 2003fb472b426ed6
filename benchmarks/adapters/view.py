"""The viewer's half of B14: reads what a program prints while it follows a log."""

from __future__ import annotations

import statistics
import subprocess
import time
from typing import IO

END = b"the end"
BLOCK = 1 << 20

MEGABYTE = 1_000_000
# Programs that follow a log say something of their own behind the last line.
TAIL = 4096


def volume(command: list, megabytes: int) -> dict:
    """From the first byte that the viewer sees to the last one.

    Args:
        command: Follows the log and ends with it.
        megabytes: How much the script prints.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        figures = _volume(viewer.stdout, megabytes)
        viewer.terminate()
    return figures


def latency(command: list) -> dict:
    """From the moment that a line tells to the moment when the viewer has it."""
    late = []
    with subprocess.Popen(command, stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        for line in viewer.stdout:
            now = time.time()
            if END in line:
                break
            try:
                late.append(now - float(line))
            except ValueError:  # what the program says of its own
                continue
        viewer.terminate()
    # The first lines wait until the viewer is there.
    kept = late[len(late) // 3 :]
    if not kept:
        raise RuntimeError("the viewer saw no line")
    return {"latency": statistics.median(kept), "worst": max(kept)}


def _volume(stream: IO[bytes], megabytes: int) -> dict:
    first = stream.read(1)
    begun, seen, tail = time.perf_counter(), len(first), b""
    while END not in tail:
        block = stream.read1(BLOCK)  # type: ignore[attr-defined]  # a buffered reader has it
        if not block:
            raise RuntimeError(f"the viewer ended after {seen} bytes without the last line")
        seen += len(block)
        tail = (tail + block)[-TAIL:]
    seconds = time.perf_counter() - begun
    if seen < megabytes * MEGABYTE * 0.99:
        raise RuntimeError(f"the viewer saw {seen} bytes of {megabytes} MB")
    return {"rate": seen / MEGABYTE / seconds}
