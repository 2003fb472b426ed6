"""Logs values one call at a time, and has another process read them back.

The reader (`read_back.py`) is loaded before the clock starts, and begins to ask when the last call
has returned. It must find each value, in order; that is the check of the contestant.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

READER = Path(__file__).resolve().parent / "read_back.py"


def value_of(number: int) -> float:
    """What is logged as the value of a number: no text of it is short."""
    return 1.0 / (number + 1)


def measured(
    count: int, log: Callable[[int, float], None], settle: Callable[[], None], *words: str
) -> dict:
    """Log values; what a call took, how many were kept a second, and when they could be read.

    Args:
        count: How many.
        log: Logs one: its number, its value.
        settle: Comes back when all are kept.
        words: What the reader is told; without any nobody reads.
    """
    reader = _reader([*words, str(count)]) if words else None
    clock, spent = time.perf_counter, []
    begun = clock()
    for number in range(count):
        value = value_of(number)
        before = clock()
        log(number, value)
        spent.append(clock() - before)
    logged = time.time()
    if reader is not None and reader.stdin is not None:
        reader.stdin.write("go\n")
        reader.stdin.flush()
    settle()
    figures = {"rate": count / (clock() - begun)}
    cuts = statistics.quantiles(spent, n=100)
    figures |= {"p50": cuts[49] * 1e6, "p99": cuts[98] * 1e6}
    if reader is not None:
        figures["readable"] = _told(reader) - logged
    return figures


def _reader(words: list) -> subprocess.Popen:
    process = subprocess.Popen(
        [sys.executable, str(READER), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    if process.stdout is None or process.stdout.readline() != "ready\n":
        raise RuntimeError("the reader did not start")
    return process


def _told(reader: subprocess.Popen) -> float:
    """When the reader had all of it."""
    told, _ = reader.communicate(timeout=300)
    if reader.returncode:
        raise RuntimeError("the reader did not find what was logged")
    return float(told)
