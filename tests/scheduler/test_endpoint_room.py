"""Endpoints and what there is for them: whole GPUs by index, and changes where there is no room."""

import re
from dataclasses import replace

import pytest

from runyard.protocol.endpoints import (
    Deploy,
    DeploymentSpec,
    Resources,
    Scaling,
)
from runyard.protocol.errors import InvalidRequest
from runyard_server.operations import endpoints
from runyard_server.testing.yard import W, until

from .conftest import Serving

DEVICES = "CUDA_VISIBLE_DEVICES"


@pytest.fixture
def gpus(serving: Serving) -> Serving:
    """A machine of two GPUs."""
    engine = serving.yard.engine
    engine.can = replace(engine.can, gpus=2)
    return serving


def spec(serving: Serving, gpus: int, replicas: int = 1, text: str = "x = 1") -> DeploymentSpec:
    """What has replicas with so many GPUs each."""
    scaling = Scaling(replicas, max(1, replicas))
    return serving.spec(text, resources=Resources(gpus=gpus), scaling=scaling)


def devices(serving: Serving, run: str) -> str | None:
    """The GPUs that a replica's process is told to use."""
    serving.yard.handle(run)
    (plan,) = [each for each in serving.yard.engine.plans if each.run == run]
    return plan.job.spec.environment_variables.get(DEVICES)


def begin(serving: Serving, *runs: str) -> None:
    """Have replicas answer."""
    for run in runs:
        serving.yard.report(run)
        serving.gateway.ready(run)


def canceled(serving: Serving) -> list[str]:
    """The replicas that were asked to end, in order; some may have been asked again."""
    return [*dict.fromkeys(h.partition("/")[0] for h in serving.yard.engine.canceled)]


def serving_now(serving: Serving, name: str = "iris") -> list[str]:
    """The replicas that get requests."""
    (row,) = [each for each in serving.gateway.table.endpoints if each.name == name]
    found = row.deployments[0].serving
    return [] if found is None else [replica.run for replica in found.replicas]


def test_each_replica_has_devices_of_its_own(gpus: Serving) -> None:
    """Two replicas of one GPU each get different ones, by index."""
    gpus.create(spec=spec(gpus, 1, 2))
    runs = gpus.replicas(count=2)
    assert {devices(gpus, run) for run in runs} == {"0", "1"}


def test_a_replica_may_have_several_devices(gpus: Serving) -> None:
    """All that it asks for, in one variable."""
    run = gpus.serve(spec=spec(gpus, 2))
    assert devices(gpus, run) == "0,1"


def test_who_has_to_wait_is_told_for_whom(gpus: Serving) -> None:
    """The reason names the holder of each device; what the holder leaves is taken."""
    first = gpus.serve("first", spec=spec(gpus, 2))
    gpus.create("second", spec=spec(gpus, 1))
    waits = "waiting for 1 GPU(s) of 2: GPU 0 is held by first/main, GPU 1 is held by first/main"
    until(lambda: gpus.get("second").reason == waits)
    assert gpus.gateway.replicas_of("second") == []
    endpoints.delete(gpus.yard.system, W, "first")
    until(lambda: first in canceled(gpus))
    # Its process may still have the memory of the device.
    assert gpus.gateway.replicas_of("second") == []
    gpus.yard.finish(first, "canceled")
    gpus.yard.clock.sleep(2)
    (second,) = gpus.replicas("second")
    assert devices(gpus, second) == "0"


def test_without_gpus_the_cpu_serves(serving: Serving) -> None:
    """A machine that has none serves all the same, and hides none."""
    run = serving.serve(spec=spec(serving, 1))
    assert devices(serving, run) is None


@pytest.mark.parametrize(
    ("each", "replicas", "told"),
    [
        (3, 1, "resources.gpus is 3 and this machine has 2 GPU(s)"),
        (1, 3, "scaling.min_replicas is 3, with 1 GPU(s) each, and this machine has 2;"),
    ],
)
def test_more_devices_than_there_are_are_refused(
    gpus: Serving, each: int, replicas: int, told: str
) -> None:
    """Nobody waits for what can never be."""
    with pytest.raises(InvalidRequest, match=re.escape(told)):
        gpus.create(spec=spec(gpus, each, replicas))
    assert gpus.all() == []


def test_where_there_is_room_the_old_serves_until_the_new_does(gpus: Serving) -> None:
    """That the new replica has taken the last device is no want of room."""
    old = gpus.serve(spec=spec(gpus, 1))
    endpoints.deploy(gpus.yard.system, W, "iris", "main", Deploy(spec(gpus, 1, text="x = 2")))
    new = gpus.replicas(count=2)[1]
    gpus.yard.report(new)
    gpus.look_again()
    assert (serving_now(gpus), canceled(gpus)) == ([old], [])
    gpus.gateway.ready(new)
    gpus.until_done()
    assert serving_now(gpus) == [new]


def test_scaled_to_zero_frees_the_device(gpus: Serving) -> None:
    """What nobody asks anything leaves its GPU to others."""
    idle = replace(spec(gpus, 2), scaling=Scaling(0, 1, idle_seconds=50))
    run = gpus.serve("idle", spec=idle)
    gpus.create("busy", spec=spec(gpus, 1))
    gpus.yard.clock.sleep(60)
    until(lambda: run in canceled(gpus))
    gpus.yard.finish(run, "canceled")
    gpus.yard.clock.sleep(2)
    assert devices(gpus, gpus.replicas("busy")[0]) == "0"


def test_one_replica_without_room_is_exchanged(gpus: Serving) -> None:
    """The old one ends, once it has answered, before the new one begins on its device."""
    old = gpus.serve(spec=spec(gpus, 2))
    gpus.gateway.set(old, busy=1)
    endpoints.deploy(gpus.yard.system, W, "iris", "main", Deploy(spec(gpus, 2, text="x = 2")))
    until(lambda: gpus.gateway.replicas_of("iris") == [])
    assert canceled(gpus) == []
    gpus.gateway.set(old, busy=0)
    until(lambda: canceled(gpus) == [old])
    gpus.yard.finish(old, "canceled")
    gpus.yard.clock.sleep(2)
    (new,) = gpus.replicas()
    assert devices(gpus, new) == "0,1"
    begin(gpus, new)
    gpus.until_done()
    assert gpus.get().deployments[0].revision == 2


def test_several_replicas_without_room_are_exchanged_one_by_one(gpus: Serving) -> None:
    """One ends only when all that replace others answer: somebody serves all along."""
    gpus.create(spec=spec(gpus, 1, 2))
    old = gpus.replicas(count=2)
    begin(gpus, *old)
    gpus.until_done()
    given = Deploy(spec(gpus, 1, 2, text="x = 2"))
    endpoints.deploy(gpus.yard.system, W, "iris", "main", given)
    until(lambda: len(canceled(gpus)) == 1)
    (gone,) = canceled(gpus)
    gpus.yard.finish(gone, "canceled")
    gpus.yard.clock.sleep(2)
    (kept,) = set(old) - {gone}
    until(lambda: len(gpus.gateway.replicas_of("iris")) == 2)
    (first,) = set(gpus.gateway.replicas_of("iris")) - {kept}
    gpus.yard.report(first)
    gpus.look_again()
    assert serving_now(gpus) == [kept]
    gpus.gateway.ready(first)
    until(lambda: canceled(gpus) == [gone, kept])
    assert serving_now(gpus) == [first]
    gpus.yard.finish(kept, "canceled")
    gpus.yard.clock.sleep(2)
    until(lambda: len(serving_now(gpus)) == 2)
    (second,) = set(serving_now(gpus)) - {first}
    assert sorted(str(devices(gpus, run)) for run in (first, second)) == ["0", "1"]
