"""A Ray cluster whose autoscaler has no nodes yet, and a service whose default site it is.

The head has CPUs, for the contract of backends; sizes of the service's runs are resources that only
nodes have which the autoscaler starts. It wants to be shown its token.
"""

from collections.abc import Iterator

import pytest
from tests.ray.clusters import Cluster
from tests.ray.exchange import Exchange
from tests.ray.yard import RayYard, yard_on

TOKEN = "a-token-of-the-cluster-that-is-long-enough"
KINDS = {
    "small": {"cpus": 2, "most": 3, "resources": {"STANDARD_D2_V2": 1}},
    "rare": {"cpus": 4, "most": 1, "resources": {"STANDARD_D3_V2": 1}},
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """The cluster; it starts with its head alone."""
    with Cluster(cpus=8, kinds=KINDS, token=TOKEN) as found:
        yield found


@pytest.fixture(scope="module")
def exchange() -> Iterator[Exchange]:
    """Where the drivers of the contract's tests dial."""
    with Exchange().running() as found:
        yield found


@pytest.fixture(scope="module")
def yard(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RayYard]:
    """A service on it, and a workspace to submit to."""
    folder = tmp_path_factory.mktemp("yard")
    with yard_on(cluster, folder, shared_folder=str(folder / "shared")) as made:
        yield made
