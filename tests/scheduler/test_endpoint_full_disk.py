"""A disk that is full where the gateway's table is: said, never half written, made up for later."""

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from runyard.protocol.endpoints import Access, ChangeEndpoint, RegenerateKey
from runyard.protocol.errors import StorageFull
from runyard_server.execution import serving as steps
from runyard_server.operations import endpoints
from runyard_server.scheduler import endpoints as reconcilers
from runyard_server.scheduler.endpoints import EndpointReconciler
from runyard_server.serving.table import ROUTES_FILE, SERVING_FOLDER, Table, digest
from runyard_server.store.subjects import ENDPOINT, Subject
from runyard_server.testing.yard import W, Yard, until

from .conftest import Serving

SIZE = 256 * 1024


class Disk:
    """A disk of its own below the folder of the gateway's files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"

    def fill(self) -> None:
        """Leave no room at all."""
        with self._filler.open("wb", buffering=0) as file, suppress(OSError):
            while True:
                file.write(b"\0" * 4096)

    def empty(self) -> None:
        """Make room again."""
        self._filler.unlink()

    @property
    def table(self) -> Table:
        """What a gateway that starts now would read."""
        return msgspec.json.decode((self.folder / ROUTES_FILE).read_bytes(), type=Table)


@pytest.fixture
def disk(yard: Yard) -> Iterator[Disk]:
    """The disk, with room, below a service with its scheduler."""
    folder = yard.system.home.root / SERVING_FOLDER
    folder.mkdir(mode=0o700)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", folder], check=True)
    yield Disk(folder)
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_table_that_finds_no_room_stays_the_former(disk: Disk, serving: Serving) -> None:
    """Who asked is told; a gateway that starts meanwhile serves; with room all comes to pass."""
    run, system = serving.serve(), serving.yard.system
    before = disk.table
    disk.fill()
    with pytest.raises(StorageFull, match="the gateway's table"):
        endpoints.change(system, W, "iris", ChangeEndpoint(access=Access(origins=["*"])))
    with pytest.raises(StorageFull, match="the gateway's table"):
        endpoints.regenerate(system, W, "iris", RegenerateKey("primary", "another-key"))
    assert disk.table == before == serving.gateway.table
    # Reading is no change.
    assert serving.get().state == "Healthy"
    disk.empty()
    until(lambda: digest("another-key") in serving.gateway.table.endpoints[0].keys)
    assert serving.gateway.table.endpoints[0].origins == ("*",)
    assert disk.table == serving.gateway.table
    assert serving.gateway.replicas_of("iris") == [run]


def test_an_endpoint_that_finds_no_room_waits_for_it(disk: Disk, serving: Serving) -> None:
    """It is on record and says that it comes; it serves once there is room, without being asked."""
    serving.serve()
    disk.fill()
    serving.create("other")
    assert serving.get("other").state == "Transitioning"
    assert [each.name for each in disk.table.endpoints] == ["iris"]
    disk.empty()
    (run,) = serving.replicas("other")
    serving.yard.report(run)
    serving.gateway.ready(run)
    serving.until_done("other")
    assert serving.get("other").state == "Healthy"


def test_wake_ups_put_no_retry_off(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often somebody asks while there is no room, it is tried again within a second."""
    now, failed = 100.0, []

    def fail(*_: object) -> None:
        failed.append(now)
        raise StorageFull("no space")

    monkeypatch.setattr(reconcilers, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(steps, "advance", fail)
    reconciler, endpoint = EndpointReconciler(yard.system), Subject(ENDPOINT, W, "iris")
    for count in range(1, 6):
        reconciler.reconcile([endpoint])
        until(lambda count=count: len(failed) == count and not reconciler._at_work)
    assert list(reconciler.observe()) == []
    now += 1.0
    assert list(reconciler.observe()) == [endpoint]
    reconciler.close()
