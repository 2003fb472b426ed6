"""Endpoints: made ready, kept so, changed without a gap and ended, whatever happens meanwhile."""

import io
import re
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol.endpoints import (
    ChangeEndpoint,
    Deploy,
    EndpointLogQuery,
    EndpointQuery,
    Limits,
    Rollback,
    Scaling,
)
from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import WrongState
from runyard.protocol.frames import WorkerNews
from runyard.protocol.models import RegisterModel
from runyard_server.core.system import System
from runyard_server.operations import endpoint_logs, endpoints, models, runs
from runyard_server.scheduler.endpoints import EndpointReconciler
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store import endpoints as endpoint_rows
from runyard_server.store.subjects import ENDPOINT, Subject
from runyard_server.testing.parts import store_text
from runyard_server.testing.reconciler_contract import ReconcilerContract
from runyard_server.testing.yard import W, Yard, until

from .conftest import Serving, is_over


class TestEndpoints(ReconcilerContract):
    """An endpoint is true once its replica, which is ready as soon as it is there, serves."""

    def make_system(self, folder: Path) -> System:
        self.yard = Yard(folder / "home")
        self.serving = Serving(self.yard, eager=True)
        return self.yard.system

    def make_reconciler(self, system: System, _token: str) -> Reconciler:
        return EndpointReconciler(system)

    def want(self, _system: System) -> Subject:
        name = f"iris-{len(list(self.serving.all()))}"
        self.serving.create(name)
        return Subject(ENDPOINT, W, name)

    def is_done(self, _system: System, subject: Subject) -> bool:
        # Their runs would be another reconciler's.
        for run in self.serving.gateway.replicas_of(subject.id):
            self.serving.run(run)
        return is_over(self.serving.get(subject.id))

    def state(self, _system: System) -> object:
        return [
            (e.name, e.state, e.last_event, [r.run for d in e.deployments for r in d.replicas])
            for e in self.serving.all()
        ]

    def clean_up(self, _system: System) -> None:
        self.yard.close()
        self.serving.gateway.close()


def test_an_endpoint_comes_and_goes(serving: Serving) -> None:
    """It is on record at once, ready when its replica is, and leaves nothing behind."""
    made = serving.create()
    assert (made.state, made.operation and made.operation.kind) == ("Transitioning", "create")
    (run,) = serving.replicas()
    serving.yard.report(run)
    serving.gateway.ready(run)
    serving.until_done()
    found = serving.get()
    assert (found.state, found.operation is not None) == ("Healthy", True)
    assert found.operation is not None
    assert (found.operation.state, found.reason) == ("Succeeded", "")
    assert found.address == f"http://127.0.0.1:{serving.gateway.table.endpoints[0].port}"
    (replica,) = found.deployments[0].replicas
    assert (replica.run, replica.state) == (run, "ready")
    endpoints.delete(serving.yard.system, W, "iris")
    until(lambda: run in [h.partition("/")[0] for h in serving.yard.engine.canceled])
    serving.yard.finish(run, "canceled")
    until(lambda: not serving.is_there("iris"))
    assert serving.gateway.table.endpoints == ()
    assert serving.told() == ["created", "ready", "deleted"]


def test_a_gateway_that_did_not_hear_is_told_again(serving: Serving) -> None:
    """On a busy machine it may not answer in time; the endpoint does not stay Transitioning."""
    serving.gateway.deaf = 2
    serving.serve()
    assert serving.get().state == "Healthy"
    assert serving.gateway.deaf == 0


def test_an_update_leaves_no_gap(serving: Serving) -> None:
    """The new replica takes over in one step once it is ready; the old one ends when it is done."""
    old = serving.serve()
    endpoints.deploy(serving.yard.system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    both = serving.replicas(count=2)
    assert both[0] == old
    new = both[1]
    serving.gateway.set(old, busy=1)
    serving.yard.report(new)
    serving.gateway.ready(new)
    until(lambda: serving.gateway.replicas_of("iris") == [new])
    assert not serving.yard.engine.canceled
    serving.gateway.set(old, busy=0)
    until(lambda: {h.partition("/")[0] for h in serving.yard.engine.canceled} == {old})
    serving.until_done()
    found = serving.get()
    assert found.operation is not None
    assert (found.deployments[0].revision, found.operation.state) == (2, "Succeeded")


def test_a_revision_without_hope_is_given_up(serving: Serving) -> None:
    """What serves goes on, and the operation says what the new one failed of."""
    old = serving.serve()
    endpoints.deploy(serving.yard.system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    new = serving.replicas(count=2)[1]
    serving.yard.report(new)
    serving.gateway.died(
        new, WorkerNews("died", reason="ImportError: no numpy", deaths=2, final=True)
    )
    until(lambda: serving.gateway.replicas_of("iris") == [old])
    until(lambda: serving.get().operation.state == "Failed")  # type: ignore[union-attr]
    found = serving.get()
    assert (found.state, "ImportError: no numpy" in found.error) == ("Healthy", True)


def test_an_operation_fails_of_what_it_is_about(serving: Serving) -> None:
    """What one deployment once failed of is no failure of adding another."""
    serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    bad = serving.replicas(count=2)[1]
    serving.yard.report(bad)
    serving.gateway.died(bad, WorkerNews("died", reason="ImportError: no numpy", final=True))
    serving.until_done()
    endpoints.deploy(system, W, "iris", "blue", Deploy(serving.spec("x = 3")))
    until(lambda: len(serving.gateway.replicas_of("iris", "blue")) == 1)
    (good,) = serving.gateway.replicas_of("iris", "blue")
    serving.yard.report(good)
    serving.gateway.ready(good)
    serving.until_done()
    found = serving.get()
    assert found.operation is not None
    assert (found.operation.state, found.operation.error, found.error) == ("Succeeded", "", "")
    assert "ImportError" in found.deployments[0].error


def test_what_is_asked_for_together_ends_together(serving: Serving) -> None:
    """Of two deployments that two people change at once, either failure is told."""
    serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    endpoints.deploy(system, W, "iris", "blue", Deploy(serving.spec("x = 3")))
    until(lambda: len(serving.gateway.replicas_of("iris", "blue")) == 1)
    (good,) = serving.gateway.replicas_of("iris", "blue")
    bad = serving.replicas(count=2)[1]
    for each in (good, bad):
        serving.yard.report(each)
    serving.gateway.ready(good)
    serving.gateway.died(bad, WorkerNews("died", reason="ImportError: no numpy", final=True))
    serving.until_done()
    found = serving.get().operation
    assert found is not None
    assert (found.state, "ImportError" in found.error) == ("Failed", True)
    assert found.deployments == ["main", "blue"]


def test_a_first_revision_without_hope_fails_the_endpoint(serving: Serving) -> None:
    """The state says Failed and the error why; another deployment mends it."""
    serving.create()
    (run,) = serving.replicas()
    serving.yard.report(run)
    serving.gateway.died(run, WorkerNews("died", reason="SyntaxError: bad", deaths=2, final=True))
    until(lambda: serving.get().state == "Failed")
    assert "SyntaxError: bad" in serving.get().error
    given = Deploy(serving.spec("x = 2"))
    made = endpoints.deploy(serving.yard.system, W, "iris", "main", given)
    assert (made.state, made.error) == ("Transitioning", "")
    until(lambda: serving.gateway.replicas_of("iris") not in ([], [run]))
    (new,) = serving.gateway.replicas_of("iris")
    serving.yard.report(new)
    serving.gateway.ready(new)
    until(lambda: serving.get().state == "Healthy")
    assert serving.get().error == ""


def test_a_replica_that_ends_is_replaced(serving: Serving) -> None:
    """Whoever killed the agent: another begins by itself, and events tell of it."""
    run = serving.serve()
    serving.yard.finish(run, "failed", exit_code=1)
    until(lambda: serving.gateway.replicas_of("iris") not in ([], [run]))
    assert "died" in serving.told()


def test_scale_to_zero_and_back(serving: Serving) -> None:
    """Nothing runs while nobody asks; the first that waits starts a replica."""
    spec = serving.spec(scaling=Scaling(min_replicas=0, idle_seconds=50))
    run = serving.serve(spec=spec)
    assert serving.gateway.table.endpoints[0].deployments[0].on_demand
    serving.yard.clock.sleep(60)
    until(lambda: run in [h.partition("/")[0] for h in serving.yard.engine.canceled])
    assert serving.get().state == "Healthy"
    serving.gateway.measure("iris", queue=1)
    until(lambda: len(serving.gateway.replicas_of("iris")) == 1)


def test_more_replicas_where_they_are_busy(serving: Serving) -> None:
    """The share of busy calls decides: more at once, fewer after a while."""
    spec = serving.spec(scaling=Scaling(1, 3, down_seconds=30))
    run = serving.serve(spec=spec)
    serving.gateway.measure("iris", utilization=1.0, busy=1)
    serving.replicas(count=2)
    serving.gateway.measure("iris", utilization=0.1, busy=0)
    assert serving.get().deployments[0].wanted == 2

    def is_one_again() -> bool:
        serving.yard.clock.sleep(10)
        return serving.gateway.replicas_of("iris") == [run]

    until(is_one_again)


def test_replicas_take_no_place_of_the_queue(serving: Serving) -> None:
    """With as many replicas as the machine has places a submitted run still begins at once."""
    for name in ("one", "two", "three"):
        serving.create(name)
        (run,) = serving.replicas(name)
        serving.yard.report(run)
    submitted = serving.yard.handle(serving.yard.submit())
    assert serving.yard.engine.agents[submitted].alive


def test_replicas_show_in_no_list(serving: Serving) -> None:
    """A user's runs are the user's; the hidden ones are found by who names their experiment."""
    run = serving.serve()
    system = serving.yard.system
    assert runs.list_(system, W, runs.RunQuery(include_children=True)).items == []
    named = runs.list_(system, W, runs.RunQuery(experiment=".endpoints")).items
    assert [each.id for each in named] == [run]


def test_a_model_in_use_is_not_deleted(serving: Serving) -> None:
    """Its version could not be served again; whoever deletes it hears by which endpoint."""
    system = serving.yard.system
    file = store_text(system, "weights", "1 2 3")
    models.register(system, W, body=RegisterModel("m", "weights", files=[file]))
    serving.serve(spec=serving.spec(models=["m"]))
    assert serving.get().deployments[0].spec.models == ["m:1"]
    for spelled in ("m:1", "m:01"):
        with pytest.raises(WrongState, match="served by endpoint 'iris'"):
            models.delete(system, W, spelled)
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    new = serving.replicas(count=2)[1]
    serving.yard.report(new)
    serving.gateway.ready(new)
    serving.until_done()
    models.delete(system, W, "m:1")


def test_a_newer_revision_replaces_one_that_comes(serving: Serving) -> None:
    """Who deploys twice in a row gets the second; nothing of the first is left."""
    old = serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    first = serving.replicas(count=2)[1]
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 3")))
    until(lambda: first not in serving.gateway.replicas_of("iris"))
    second = serving.replicas(count=2)[1]
    serving.yard.report(second)
    serving.gateway.ready(second)
    serving.until_done()
    assert serving.gateway.replicas_of("iris") == [second]
    until(lambda: {h.partition("/")[0] for h in serving.yard.engine.canceled} >= {old})
    assert serving.get().deployments[0].revision == 3


def test_limits_change_without_other_replicas(serving: Serving) -> None:
    """What is let in is the gateway's matter: the replica goes on."""
    run = serving.serve()
    spec = serving.spec(limits=Limits(queue_length=5))
    endpoints.deploy(serving.yard.system, W, "iris", "main", Deploy(spec))
    until(lambda: _limits(serving).queue_length == 5)
    assert serving.gateway.replicas_of("iris") == [run]
    assert serving.get().deployments[0].revision == 1


def _limits(serving: Serving) -> Limits:
    return serving.gateway.table.endpoints[0].deployments[0].limits


def test_traffic_is_shared(serving: Serving) -> None:
    """A deployment that is not ready gets nothing yet; the default gets what others leave."""
    serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "blue", Deploy(serving.spec("x = 2"), percent=30))

    def weights() -> dict[str, int]:
        return {d.name: d.weight for d in serving.gateway.table.endpoints[0].deployments}

    until(lambda: weights() == {"main": 100, "blue": 0})
    until(lambda: len(serving.gateway.replicas_of("iris", "blue")) == 1)
    (new,) = serving.gateway.replicas_of("iris", "blue")
    serving.yard.report(new)
    serving.gateway.ready(new)
    until(lambda: weights() == {"main": 70, "blue": 30})
    endpoints.change(system, W, "iris", ChangeEndpoint(traffic={"blue": 100}))
    assert weights() == {"main": 0, "blue": 100}
    endpoints.change(system, W, "iris", ChangeEndpoint(default="blue"))
    endpoints.undeploy(system, W, "iris", "main")
    until(lambda: weights().get("blue") == 100)
    until(lambda: len(set(serving.yard.engine.canceled)) == 1)


def test_back_to_the_revision_before(serving: Serving) -> None:
    """A rollback is a deployment of what served before."""
    serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "main", Deploy(serving.spec("x = 2")))
    new = serving.replicas(count=2)[1]
    serving.yard.report(new)
    serving.gateway.ready(new)
    serving.until_done()
    endpoints.rollback(system, W, "iris", "main", Rollback())
    back = serving.replicas(count=2)[1]
    serving.yard.report(back)
    serving.gateway.ready(back)
    serving.until_done()
    assert serving.get().deployments[0].revision == 1


def test_what_is_being_deleted_does_not_go_back(serving: Serving) -> None:
    """Nobody is told that a rollback succeeded of a deployment that is gone a moment later."""
    serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "blue", Deploy(serving.spec("x = 2")))
    (blue,) = serving_blue(serving)
    serving.yard.report(blue)
    serving.gateway.ready(blue)
    serving.until_done()
    endpoints.undeploy(system, W, "iris", "blue")
    with pytest.raises(WrongState, match="being deleted"):
        endpoints.rollback(system, W, "iris", "blue", Rollback(1))


def serving_blue(serving: Serving) -> list[str]:
    """The replicas of the deployment `blue`, once there are some."""
    until(lambda: serving.gateway.replicas_of("iris", "blue") != [])
    return serving.gateway.replicas_of("iris", "blue")


def test_why_it_is_not_ready(serving: Serving) -> None:
    """One answer for each stage: the environment, init() with its seconds, what it fails of."""
    serving.yard.environments.go.clear()
    environment = EnvironmentDefinition(pip=["numpy"])
    serving.create(spec=serving.spec(environment=environment))
    (run,) = serving.replicas()
    until(lambda: serving.get().reason == "building environment")
    serving.yard.environments.go.set()
    serving.yard.report(run)
    serving.gateway.set(run, connected=True)
    until(lambda: 0 <= loading_seconds(serving) < 40)
    serving.yard.clock.sleep(40)
    # Not one number: on a busy machine a second may pass between two looks.
    assert loading_seconds(serving) >= 40
    serving.gateway.died(run, WorkerNews("died", reason="ImportError: x", deaths=1))
    until(lambda: serving.get().reason.startswith("failing"))
    assert serving.get().reason == "failing: ImportError: x"


def loading_seconds(serving: Serving) -> int:
    """For how many seconds `init()` has run, as the endpoint's reason tells; -1 if it does not."""
    found = re.fullmatch(r"init\(\) running for (\d+) s", serving.get().reason)
    return int(found.group(1)) if found else -1


def test_another_service_goes_on(serving: Serving) -> None:
    """After a kill -9 nothing begins twice, and what comes is seen."""
    run = serving.serve()
    version = serving.gateway.table.version
    serving.yard.restart()
    until(lambda: serving.get().state == "Healthy")
    assert serving.gateway.replicas_of("iris") == [run]
    assert serving.gateway.table.version == version


def test_the_log_up_to_readiness(serving: Serving) -> None:
    """Who asks how `init()` went does not get what calls have printed."""
    run = serving.serve()
    text = "loading\n2026-11-28T21:03:35.146Z ready after 0.1 s: script\na call\n"
    log = "azureml-logs/70_driver_log.txt"
    system = serving.yard.system
    system.logs.append(W, run, log, 0, io.BytesIO(text.encode()))
    assert endpoints.logs(system, W, "iris", EndpointLogQuery()).text == text
    until_ready = endpoints.logs(system, W, "iris", EndpointLogQuery(init=True)).text
    assert until_ready == text.removesuffix("a call\n")
    assert endpoints.logs(system, W, "iris", EndpointLogQuery(lines=1)).text == "a call\n"


def test_a_log_is_read_from_its_end(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of long lines and of many replicas no more is put together than a client could use."""
    monkeypatch.setattr(endpoint_logs, "_BLOCK", 10)
    system, log = serving.yard.system, endpoint_logs.DRIVER_LOG
    for run in ("old", "new"):
        text = f"{run} begins\n" + "50 % " * 20 + f"\n{run} ends\n"
        system.logs.append(W, run, log, 0, io.BytesIO(text.encode()))
    runs_found = [("new", True), ("old", False)]
    for lines, told in ((1, "new ends"), (3, "new begins")):
        query = EndpointLogQuery(lines=lines)
        assert told in endpoint_logs.text(system, W, runs_found, query)
    monkeypatch.setattr(endpoint_logs, "_LARGEST", 30)
    found = endpoint_logs.text(system, W, runs_found, EndpointLogQuery(lines=1000))
    assert ("new ends" in found, "old ends" in found) == (True, False)


def test_replicas_of_other_machines_dial_one_port(serving: Serving) -> None:
    """The gateway listens for them, too, and at the same port after a restart."""
    engine = serving.yard.engine
    engine.can = replace(engine.can, on_this_machine=False)
    serving.create()
    until(lambda: serving.gateway.table.port > 0)
    port = serving.gateway.table.port
    serving.yard.restart()
    serving.create("other")
    until(lambda: len(serving.gateway.table.endpoints) == 2)
    assert serving.gateway.table.port == port


def test_a_port_that_is_taken_is_another(serving: Serving) -> None:
    """A free port that somebody took before the gateway did is exchanged by itself."""
    before = serving.create().address
    serving.gateway.refuse("iris", "Address already in use")
    until(lambda: serving.get().address != before)
    # The fake one refuses each of them, so it may be a third by now.
    assert before not in (serving.get().address, "")


def test_lists_are_filtered_where_they_are_kept(
    serving: Serving, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a thousand endpoints those are read that are shown; tags are texts and no patterns."""
    system = serving.yard.system
    file = store_text(system, "m.bin", "m")
    for name in ("m", "m2"):
        models.register(system, W, body=RegisterModel(name, "m.bin", files=[file]))
    serving.create("one", tags={"a": "x=y", "b%": ""}, kind="aci")
    serving.create("two", tags={"a": "z"}, spec=serving.spec(models=["m"]))
    serving.create("three", properties={"a": "x=y"}, spec=serving.spec(models=["m2:1"]))
    serving.create("four", tags={"a": "x=y"})

    read: list[str] = []
    decode = endpoint_rows._row

    def counted(row: Any) -> Any:
        # Steps that are under way may outlast the scheduler's end, and read what they need.
        if threading.get_ident() == here:
            read.append(row.name)
        return decode(row)

    def listed(**query: Any) -> list[str]:
        read.clear()
        found = endpoints.list_(system, W, EndpointQuery(**query))
        return [each.name for each in found.items]

    here = threading.get_ident()
    monkeypatch.setattr(endpoint_rows, "_row", counted)
    assert (listed(page_size=1), read) == (["four"], ["four", "three"])
    assert (listed(tags=["a=x=y"]), read) == (["four", "one"], ["four", "one"])
    assert listed(tags=["a", "b%="]) == ["one"]
    assert listed(tags=["b"]) == []
    assert listed(properties=["a=x=y"]) == ["three"]
    assert listed(kind="aci") == ["one"]
    assert (listed(model="m"), listed(model="m:1"), listed(model="m:2")) == (["two"], ["two"], [])
    assert listed(model="m2") == ["three"]
