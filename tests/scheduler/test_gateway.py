"""The gateway's process: started with the first endpoint, again when it is gone, then ended."""

import contextlib
import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard_server import __version__
from runyard_server.core.system import System
from runyard_server.scheduler import endpoints, gateway
from runyard_server.scheduler.gateway import GatewayKeeper
from runyard_server.serving import table
from runyard_server.store.subjects import ENDPOINT, Subject
from runyard_server.testing.clocks import of_an_idle_machine
from runyard_server.testing.yard import W, Yard, until

OLDER = """if True:
    import sys
    import runyard_server
    runyard_server.__version__ = "0.0.1"
    from runyard_server.serving.__main__ import main
    sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    yard = Yard(tmp_path / "home")
    yield yard.system
    for which in ("parent", "pid"):
        with contextlib.suppress(OSError, ValueError):
            os.kill(pid(yard.system, which), signal.SIGKILL)
    yard.close()


def pid(system: System, which: str = "pid") -> int:
    return int(json.loads((system.home.root / "serving" / "gateway.json").read_text())[which])


def keeper(system: System) -> GatewayKeeper:
    made = GatewayKeeper(system, lambda _: None)
    made.want(wanted=True)
    return made


def test_the_gateway_lives_as_long_as_it_is_wanted(system: System) -> None:
    """Two services on one folder have one gateway; a dead one is followed within a second, also
    when who began it again was killed with it."""
    first = keeper(system)
    until(lambda: system.gateway.status is not None)
    begun = pid(system)
    second = keeper(system)
    time.sleep(0.3)
    assert pid(system) == begun
    second.close()
    os.kill(begun, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: system.gateway.status is not None and system.gateway.status.pid != begun)
    assert time.monotonic() - killed < of_an_idle_machine(1)
    begun = pid(system)
    os.kill(pid(system, "parent"), signal.SIGKILL)
    os.kill(begun, signal.SIGKILL)
    killed = time.monotonic()
    until(lambda: system.gateway.status is not None and system.gateway.status.pid != begun)
    # Most of it is the start of Python.
    assert time.monotonic() - killed < of_an_idle_machine(10)
    first.close()
    other = keeper(system)
    until(lambda: system.gateway.status is not None)
    now = pid(system)
    other.want(wanted=False)
    until(lambda: not Path(f"/proc/{now}/exe").exists() or is_zombie(now))
    other.close()


class Told:
    """Takes down what a keeper is told."""

    wanted: list[bool]
    heard: threading.Event

    def __init__(self, *_: object) -> None: ...

    def want(self, *, wanted: bool) -> None:
        self.wanted.append(wanted)
        self.heard.set()

    def close(self) -> None: ...


def test_who_comes_as_the_last_one_leaves_has_a_gateway(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that saw no endpoint, and tells so late, does not end the gateway of a new one."""
    Told.wanted, Told.heard, looked = [], threading.Event(), threading.Event()
    new = Subject(ENDPOINT, W, "new")

    def every_endpoint(_: System) -> list[Subject]:
        if looked.is_set():
            return [new]
        looked.set()
        Told.heard.wait(0.3)
        return []

    monkeypatch.setattr(gateway, "GatewayKeeper", Told)
    monkeypatch.setattr(endpoints, "every_endpoint", every_endpoint)
    reconciler = endpoints.EndpointReconciler(system)
    reconciler.reconcile([Subject(ENDPOINT, W, "last")])
    assert looked.wait(60)
    reconciler.reconcile([new])
    assert Told.heard.wait(60)
    reconciler.close()
    assert Told.wanted == [True]


def test_a_gateway_of_another_version_is_renewed(system: System) -> None:
    """After an upgrade of the service its gateway runs the code of that version, too."""
    older = GatewayKeeper(
        system, lambda _: None, lambda home: [sys.executable, "-P", "-c", OLDER, str(home)]
    )
    older.want(wanted=True)
    until((system.home.root / "serving" / "gateway.json").exists)
    older.close()
    parent = pid(system, "parent")
    upgraded = keeper(system)
    until(lambda: getattr(system.gateway.status, "release", "") == __version__)
    assert pid(system, "parent") == parent
    upgraded.close()


def test_the_words_are_the_tables() -> None:
    """A service without endpoints looks for the file that the gateway writes."""
    assert endpoints.SERVING_FOLDER == table.SERVING_FOLDER
    assert endpoints.GATEWAY_FILE == table.GATEWAY_FILE


def is_zombie(number: int) -> bool:
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
