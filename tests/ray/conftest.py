"""A Ray cluster whose autoscaler has no nodes yet, and a service whose default site it is."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from tests.ray.clusters import Cluster, free_port
from tests.ray.yard import RayYard

from runyard_server.testing.services import RunningService


@pytest.fixture(scope="module")
def growing() -> Iterator[Cluster]:
    """A cluster of a head without CPUs, that can have three machines of two."""
    with Cluster(cpus=0, kinds={"small": {"cpus": 2, "most": 3}}) as found:
        yield found


@pytest.fixture(scope="module")
def yard(growing: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayYard]:
    """A service on it, and a workspace to submit to."""
    folder = tmp_path_factory.mktemp("yard")
    home = folder / "home"
    home.mkdir()
    options = f'address = "{growing.address}"\nfolder = "{folder / "nodes"}"\n'
    options += f'shared_folder = "{folder / "shared"}"\n'
    (home / "config.toml").write_text(f'[sites.ray]\nbackend = "ray"\n{options}')
    # Drivers and agents dial it, and a service that is started again must be where it was.
    service = RunningService(home, ("--port", str(free_port()), "--default-site", "ray"))
    service.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUNYARD_HOME", str(home))
        patch.delenv("RUNYARD_URL", raising=False)
        yield RayYard(growing, service, folder)
        service.stop()
    _end_all_of(folder)


def _end_all_of(folder: Path) -> None:
    for process in psutil.process_iter():
        try:
            if any(str(folder) in part for part in process.cmdline()):
                process.kill()
        except psutil.Error:
            continue
