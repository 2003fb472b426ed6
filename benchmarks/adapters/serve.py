"""The in-process half of a contestant: answers the driver's orders, one JSON line each.

What libraries print goes to stderr; only answers go to the driver.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

POLL_SECONDS = 0.005
# Takes a mark (the file that the script writes) and gives a function that waits for the end.
Submit = Callable[[str], Callable[[], None]]


def serve(orders: dict) -> None:
    """Answer orders until the driver closes its end.

    Args:
        orders: Functions by the name of the order; each takes the order's arguments and gives
            the figures.
    """
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    answers.write("{}\n")
    answers.flush()
    for line in sys.stdin:
        order = json.loads(line)
        try:
            answer = orders[order.pop("order")](**order)
        except Exception as error:  # noqa: BLE001 - told to the driver, which reports it
            answer = {"failure": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def begun(mark: str) -> float:
    """The time that the script wrote when it began."""
    return float(Path(mark).read_text())


def modules_of(packages: list) -> list:
    """What a script imports of packages that may name a version."""
    return [each.partition("==")[0] for each in packages]


def until(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("it did not happen in time")
        time.sleep(POLL_SECONDS)


def single(submit: Submit, mark: str) -> dict:
    """Submit one run that writes to `mark` and wait for its end.

    Args:
        submit: Takes the mark; gives a function that waits for the end and raises if it was bad.
        mark: The file.
    """
    start = time.time()
    submit(mark)()
    return {"final": time.time() - start, "first_line": begun(mark) - start}


def burst(submit: Submit, marks: list) -> dict:
    """Submit many runs without waiting in between, then wait for all."""
    start = time.time()
    for wait in [submit(mark) for mark in marks]:
        wait()
    seconds = time.time() - start
    for mark in marks:
        begun(mark)
    return {"rate": len(marks) / seconds}
