"""An older release of Ray, from before its token mode: the same contract, the same driver."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ray import environments
from tests.ray.clusters import Cluster
from tests.ray.contract import RayContract

from runyard_server.compute.base import Need
from runyard_server.testing.backend_contract import job_named

SMALL = job_named().size


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of one machine, of a release of the year before."""
    with Cluster(release=environments.OLDER, cpus=8) as found:
        yield found


class TestOlderRay(RayContract):
    """All of it once more."""

    def test_a_size_too_large_is_refused_with_what_there_is(self, tmp_path: Path) -> None:
        """Where nothing starts nodes, those that are there are all that can be had."""
        with self.bench(tmp_path) as (backend, _):
            refusal = backend.could_run(Need(1, replace(SMALL, cpus=9))).refusal
            assert "8 CPUs" in refusal
