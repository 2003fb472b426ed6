"""The article on a Ray cluster that has no machine when it begins, and none when it is over."""

from pathlib import Path

import pytest
from tests import article_on_sites
from tests.ray.clusters import Cluster, until
from tests.ray.yard import yard_on

KINDS = {"gpu": {"cpus": 6, "resources": {"GPU": 1}, "most": 4}}


@pytest.mark.timeout(4000)
def test_the_article_on_an_autoscaling_cluster(tmp_path: Path, session_home: Path) -> None:
    """It grows for single runs, MPI and parameter servers, each node on a machine of its own."""
    article_on_sites.share_packages(tmp_path / "nodes", session_home)
    with (
        Cluster(cpus=0, kinds=KINDS) as cluster,
        yard_on(cluster, tmp_path, memory_share=0.0) as yard,
    ):
        assert yard.machines() == 0
        assert article_on_sites.walked(yard.service.home, tmp_path, yard.machines) >= 2
        article_on_sites.shrink()
        until(lambda: yard.machines() == 0, 120)
