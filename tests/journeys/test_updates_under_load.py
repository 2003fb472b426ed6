"""An endpoint is changed while it is called without a pause, and no request fails.

SOAK_UPDATES says how many changes there are (4 by default; `make soak` takes 20).
"""

import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.journeys.serving_load import OK, Call, Load, script

UPDATES = int(os.environ.get("SOAK_UPDATES", "4"))
CONNECTIONS = 16 if UPDATES <= 4 else 32
# How many answers there are between two changes at least.
ANSWERS = 200
# In this order, again and again.
KINDS = ("script", "more", "share", "roll back", "fewer", "no share", "other default")
SECONDS = 60.0


@dataclass
class Changes:
    """The changes, and what must answer after each."""

    yard: Any
    endpoint: Any
    # What each revision of main and canary answers with, and which of them serves.
    marks: dict[str, list[str]]
    serving: Counter[str] = field(default_factory=Counter)
    # From when on which marks may be answered.
    allowed: list[tuple[float, set[str]]] = field(default_factory=list)

    def source(self, mark: str) -> str:
        """A script that answers with this mark."""
        folder = self.yard.script(script(mark, 0.001), "score.py", mark)
        return str(Path(folder) / "score.py")

    def make(self, kind: str, number: int) -> None:
        """Make one change, and wait until it is done."""
        endpoint = self.endpoint
        default = endpoint.default
        if kind == "script":
            mark = f"{default}-{number}"
            endpoint.update(script=self.source(mark)).wait(timeout=SECONDS)
            self.marks[default].append(mark)
            self.serving[default] = len(self.marks[default]) - 1
        elif kind in ("more", "fewer"):
            count = 2 if kind == "more" else 1
            endpoint.scale(count)
            self.yard.until(lambda: self.ready(default) == count, f"not {count} replicas", SECONDS)
        elif kind == "share":
            endpoint.traffic = {_other(default): 30}
        elif kind == "no share":
            endpoint.traffic = {_other(default): 0}
        elif kind == "roll back":
            endpoint.rollback().wait(timeout=SECONDS)
            self.serving[default] -= 1
        else:
            endpoint.default = _other(default)
        self.note()

    def ready(self, deployment: str) -> int:
        """How many replicas of a deployment answer; 100 while others are there, too."""
        found = self.endpoint.deployments[deployment]
        states = [each.state for each in found.replicas]
        return len(states) if set(states) == {"ready"} else 100

    def note(self) -> None:
        """From now on only what has a share may answer."""
        shares = self.endpoint.traffic
        marks = {self.marks[name][self.serving[name]] for name, each in shares.items() if each}
        self.allowed.append((time.monotonic(), marks))

    def strays(self, calls: list[Call]) -> list[Call]:
        """The answers of what should not have answered any more, or not yet."""
        found = []
        every = [*self.allowed, (float("inf"), self.allowed[-1][1])]
        for (begin, marks), (end, following) in pairwise(every):
            # What comes next may answer as soon as it has been asked for.
            both = marks | following
            found += [c for c in calls if begin < c.began < end and c.more not in both]
        return found


def _other(deployment: str) -> str:
    return "canary" if deployment == "main" else "main"


def _environment() -> Any:
    from runyard.sdk.environments import Environment

    environment = Environment("own")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return environment


@pytest.fixture(autouse=True)
def cleaned_up(yard: Any) -> Iterator[None]:
    """Gateway and replicas outlive the service."""
    yield
    yard.kill_serving()


@pytest.mark.slow(20)
@pytest.mark.timeout(120 + 60 * UPDATES)
def test_no_request_fails_while_an_endpoint_is_changed(yard: Any) -> None:
    """New scripts, more and fewer replicas, shares and ways back cost nobody an answer."""
    from runyard.sdk.endpoints import Endpoint

    workspace = yard.workspace
    changes = Changes(yard, None, {"main": ["main-0"], "canary": ["canary-0"]})
    given = {"script": changes.source("main-0"), "environment": _environment()}
    endpoint = changes.endpoint = Endpoint.deploy(workspace, "changed", **given)
    endpoint.wait(timeout=SECONDS)
    endpoint.add("canary", script=changes.source("canary-0"), environment=given["environment"])
    endpoint.wait(timeout=SECONDS)
    changes.note()
    load = Load({endpoint: CONNECTIONS}, 0.005, yard.folder / "ledger")
    made: Counter[str] = Counter()
    try:
        for number in range(1, UPDATES + 1):
            load.until(number * ANSWERS)
            kind = KINDS[(number - 1) % len(KINDS)]
            changes.make(kind, number)
            made[kind] += 1
        load.until((UPDATES + 1) * ANSWERS)
        calls = load.end()
    finally:
        load.kill()
    failed = [each for each in calls if each.outcome != OK]
    assert failed == [], f"{len(failed)} of {len(calls)}"
    strays = changes.strays(calls)
    assert strays == [], f"{len(strays)} of {len(calls)}"
    counted = ", ".join(f"{count} {kind}" for kind, count in made.items())
    sys.stdout.write(f"updates: {counted}: {len(calls)} requests, 0 failed\n")
    endpoint.delete()
