"""Hostile deployments: all that stands against one is told in one message, and nothing is written.

Each fault alone is told by name; several together are several lines of one refusal.
"""

import re
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.compute import CreateCompute
from runyard.protocol.endpoints import (
    Access,
    ChangeEndpoint,
    CreateEndpoint,
    Deploy,
    DeploymentSpec,
    EndpointQuery,
    Limits,
    Resources,
    Scaling,
)
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import AlreadyExists, InvalidRequest
from runyard.protocol.feed import FeedQuery
from runyard.protocol.files import FileEntry
from runyard.protocol.models import RegisterModel
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core.system import System
from runyard_server.operations import compute, endpoints, feed, models, snapshots

W = "default"
# What is said of the deployment with which everything is wrong, in order.
ALL = [
    "endpoint name 'Iris!' is not allowed",
    "there is no kind of endpoint 'aks2'",
    "tag",
    "the primary key must be of visible ASCII characters",
    "the secondary key has 256 characters",
    "deployment name '-' is not allowed",
    "there is no auth 'keys'",
    "there is no protocol 'grpc'",
    "the origin 'example.org' is none",
    "log_requests is 2",
    "legacy_status is 404",
    "port is 70000",
    "'nobody'",
    "model m:1 is named twice",
    "the entry script 'scores.py' is not in the code; nearest: 'score.py'",
    "scaling.min_replicas is 3 and max_replicas 2",
    "scaling.target_utilization is 2",
    "limits.concurrency is 0",
    "limits.init_seconds is nan",
    "limits.queue_length is -1",
    "resources.memory_gb is inf",
    "resources.gpus is -1",
    "tag",
    "'A-B' cannot name an environment variable",
    "the environment variable 'C' has a NUL character",
    "'nowhere'",
]


@pytest.fixture
def spec(system: System, store_text: Callable[..., FileEntry]) -> DeploymentSpec:
    """A script with a model, which can be deployed."""
    file = store_text("model.pkl", "weights")
    models.register(system, W, body=RegisterModel("m", "model.pkl", files=[file]))
    files = [store_text("score.py", "def run(data): return data"), store_text("notes.txt", "")]
    made = snapshots.create(system, W, body=CreateSnapshot(files))
    own = EnvironmentDefinition(user_managed=True)
    return DeploymentSpec(["m"], entry_script="score.py", snapshot=made.id, environment=own)


def refused(system: System, spec: DeploymentSpec, name: str = "iris", **more: Any) -> list[str]:
    """The faults for which an endpoint is not made; the message has each of them."""
    before = written(system)
    with pytest.raises(InvalidRequest) as caught:
        endpoints.create(system, W, CreateEndpoint(name, spec, **more))
    assert written(system) == before
    return told(caught.value)


def told(error: InvalidRequest) -> list[str]:
    """What a refusal tells; all of it stands in its message."""
    faults: list[str] = error.details["faults"]
    assert [each for each in faults if each not in error.message] == []
    assert len(faults) == 1 or f", for {len(faults)} reasons:\n" in error.message
    return faults


def written(system: System) -> list[object]:
    """All that a request about endpoints could write."""
    news = feed.list_(system, W, FeedQuery()).items
    return [*endpoints.list_(system, W, EndpointQuery()).items, *(each.number for each in news)]


def test_all_faults_of_a_deployment_are_told_at_once(system: System, spec: DeploymentSpec) -> None:
    """Who mends a request mends it once: code, models, numbers, names, access and target."""
    wrong = replace(
        spec,
        models=["m", "nobody", "m:1"],
        entry_script="scores.py",
        environment_variables={"A-B": "1", "C": "a\0b"},
        target="nowhere",
        scaling=Scaling(3, 2, target_utilization=2.0),
        limits=Limits(concurrency=0, queue_length=-1, init_seconds=float("nan")),
        resources=Resources(gpus=-1, memory_gb=float("inf")),
        tags={"": "x"},
    )
    access = Access(
        auth="keys",
        port=70_000,
        protocols=["score", "grpc"],
        origins=["example.org"],
        log_requests=2.0,
        legacy_status=404,
    )
    found = refused(
        system,
        wrong,
        "Iris!",
        kind="aks2",
        deployment="-",
        access=access,
        primary_key="with space",
        secondary_key="x" * 256,
        tags={"": "1"},
    )
    assert len(found) == len(ALL)
    missing = [text for text in ALL if not any(text in fault for fault in found)]
    assert missing == []


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"flavor": "chainer"}, "there is no flavor 'chainer'"),
        ({"snapshot": "0" * 64}, "there is no snapshot '000"),
        ({"entry_script": ""}, "no entry script is named"),
        ({"entry_script": "notes.txt"}, "'notes.txt' is no Python file"),
        ({"source_directory": "../up"}, "'../up' is no path below the app root"),
        ({"source_directory": "/etc"}, "'/etc' is no path below the app root"),
        ({"source_directory": "x" * 300}, "has a name of more than 255 bytes"),
        ({"source_directory": "azureml-models/m"}, "is where models and settings go"),
        ({"flavor": "sklearn", "models": []}, "exactly one model is served, and there are 0"),
        ({"flavor": "sklearn", "models": ["m", "m:1"]}, "exactly one model is served"),
        ({"target": "small"}, "'small' has 1 node(s) at most, one for each replica"),
        ({"scaling": Scaling(0, 0)}, "scaling.max_replicas is 0"),
        ({"scaling": Scaling(-1, 1)}, "scaling.min_replicas is -1"),
    ],
)
def test_each_fault_is_told_by_name(
    system: System, spec: DeploymentSpec, change: dict[str, Any], fault: str
) -> None:
    """What is wrong, and what there is in its place."""
    compute.create(system, W, body=CreateCompute("small", "STANDARD_D2_V2", max_nodes=1))
    wrong = replace(spec, **change)
    if wrong.target == "small":
        wrong = replace(wrong, scaling=Scaling(2, 2))
    assert any(fault in each for each in refused(system, wrong))


def test_ports_of_others_are_refused(system: System, spec: DeploymentSpec) -> None:
    """The message says whose a port is: another endpoint's, or another program's."""
    made = endpoints.create(system, W, CreateEndpoint("first", spec))
    port = int(made.address.rpartition(":")[2])
    (fault,) = refused(system, spec, "second", access=Access(port=port))
    assert f"port {port} is endpoint 'first''s" in fault
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (fault,) = refused(system, spec, "second", access=Access(port=port))
    assert f"port {port} is taken by another program" in fault


def test_equal_keys_are_refused(system: System, spec: DeploymentSpec) -> None:
    """A second key that is the first could not be renewed without the other."""
    (fault,) = refused(system, spec, primary_key="key", secondary_key="key")
    assert "primary_key and secondary_key are the same" in fault


def test_all_faults_of_a_change_are_told_at_once(system: System, spec: DeploymentSpec) -> None:
    """Shares of traffic, deployments that are not there, and access; the endpoint stays."""
    endpoints.create(system, W, CreateEndpoint("iris", spec))
    before = written(system)
    body = ChangeEndpoint(
        traffic={"main": 90, "blue": 130},
        mirror={"main": -1},
        default="mian",
        access=Access(auth="none", log_requests=-1.0),
        tags={"": "1"},
    )
    with pytest.raises(InvalidRequest) as caught:
        endpoints.change(system, W, "iris", body)
    found = told(caught.value)
    for fault in (
        "there is no deployment 'blue'",
        "there is no deployment 'mian'; nearest: 'main'",
        "traffic of 'blue' is 130 percent",
        "traffic is 220 percent together",
        "mirror of 'main' is -1 percent",
        "log_requests is -1",
        "tag",
    ):
        assert any(fault in each for each in found), fault
    assert written(system) == before


def test_all_faults_of_another_deployment_are_told_at_once(
    system: System, spec: DeploymentSpec
) -> None:
    """Its name and its share beside what is wrong with it; no revision is taken for it."""
    endpoints.create(system, W, CreateEndpoint("iris", spec))
    before = written(system)
    wrong = Deploy(replace(spec, entry_script="x.py", models=["nobody"]), percent=101)
    with pytest.raises(InvalidRequest) as caught:
        endpoints.deploy(system, W, "iris", "Blue", wrong)
    assert len(told(caught.value)) == 4
    assert written(system) == before


def test_what_is_there_is_told_before_anything_else(system: System, spec: DeploymentSpec) -> None:
    """A name that is taken is another kind of refusal: replace it, or take another."""
    endpoints.create(system, W, CreateEndpoint("iris", spec))
    with pytest.raises(AlreadyExists, match=r"endpoint 'iris' already .* replace it"):
        endpoints.create(system, W, CreateEndpoint("iris", replace(spec, entry_script="")))


def test_a_property_is_written_once(system: System, spec: DeploymentSpec) -> None:
    """Another value is refused with the one there is, and nothing else of the request is done."""
    endpoints.create(system, W, CreateEndpoint("iris", spec, properties={"a": "1"}))
    body = ChangeEndpoint(properties={"a": "2"}, tags={"b": "3"})
    with pytest.raises(AlreadyExists, match=re.escape("property 'a' of endpoint 'iris' is '1'")):
        endpoints.change(system, W, "iris", body)
    assert endpoints.get(system, W, "iris").tags == {}
