"""An older release of Ray, from before its token mode: the same contract, the same driver."""

from collections.abc import Iterator

import pytest
from tests.ray import environments
from tests.ray.clusters import Cluster
from tests.ray.test_contract import TestRayBackend, exchange

__all__ = ["exchange"]


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A cluster of one machine, of a release of the year before."""
    with Cluster(release=environments.OLDER, cpus=8) as found:
        yield found


class TestOlderRay(TestRayBackend):
    """All of it once more."""


del TestRayBackend
