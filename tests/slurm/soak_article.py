"""The article on a Slurm whose nodes are all off when it begins, and off again when it is over."""

from pathlib import Path

import pytest
from tests import article_on_sites
from tests.slurm.yard import SlurmYard

from runyard_server.testing.slurm_cluster import SlurmCluster


@pytest.mark.timeout(4000)
def test_the_article_on_nodes_that_come_and_go(tmp_path: Path, session_home: Path) -> None:
    """Slurm starts nodes for single runs, MPI and parameter servers, and stops those that idle."""
    with SlurmCluster(tmp_path / "slurm", 4, elastic_seconds=8) as cluster:
        yard = SlurmYard(cluster, tmp_path)
        article_on_sites.share_packages(yard.service.home, session_home)
        yard.service.start()
        try:
            with yard.client():
                assert cluster.on() == 0
                assert article_on_sites.walked(yard.service.home, tmp_path, cluster.on) >= 2
                yard.until(lambda: cluster.on() == 0, lambda: cluster.ask("sinfo", "-N"), 120)
        finally:
            yard.service.stop()
