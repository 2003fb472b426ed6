"""An endpoint that is deployed anew: under its name becomes another, and what served goes last."""

from runyard.protocol.endpoints import (
    MAIN_DEPLOYMENT,
    Access,
    CreateEndpoint,
    Deploy,
    EndpointRecord,
)
from runyard_server.operations import endpoints
from runyard_server.testing.yard import W, until

from .conftest import Serving


def replaced(serving: Serving, deployment: str, text: str = "x = 2", **more: object) -> None:
    """Deploy the endpoint anew, with its one deployment of this name."""
    body = CreateEndpoint(
        "iris",
        serving.spec(text),
        deployment=deployment,
        replace=True,
        **more,  # type: ignore[arg-type]  # by the tests
    )
    endpoints.create(serving.yard.system, W, body)


def begin(serving: Serving, deployment: str, old: list[str]) -> str:
    """Have the replica that comes answer; give it."""
    until(lambda: len(set(serving.gateway.replicas_of("iris", deployment)) - set(old)) == 1)
    (new,) = set(serving.gateway.replicas_of("iris", deployment)) - set(old)
    serving.yard.report(new)
    serving.gateway.ready(new)
    serving.until_done()
    return new


def weights(serving: Serving) -> dict[str, int]:
    """The shares of the traffic at the gateway."""
    return {d.name: d.weight for d in serving.gateway.table.endpoints[0].deployments}


def shown(found: EndpointRecord) -> list[tuple[str, int, bool]]:
    """The deployments with their revisions, and which is the default."""
    return [(each.name, each.revision, each.is_default) for each in found.deployments]


def test_another_name_takes_over_without_a_gap(serving: Serving) -> None:
    """What serves goes on under the new name until the new one answers; port and keys stay."""
    old = serving.serve()
    before, keys = serving.get(), endpoints.keys(serving.yard.system, W, "iris")
    replaced(serving, "blue")
    until(lambda: weights(serving) == {"blue": 100})
    until(lambda: len(serving.gateway.replicas_of("iris", "blue")) == 2)
    assert serving.gateway.replicas_of("iris", "blue")[0] == old
    new = begin(serving, "blue", [old])
    found = serving.get()
    assert serving.gateway.replicas_of("iris", "blue") == [new]
    assert (shown(found), found.state) == ([("blue", 2, True)], "Healthy")
    assert found.address == before.address
    assert endpoints.keys(serving.yard.system, W, "iris") == keys


def test_the_name_of_one_that_is_there(serving: Serving) -> None:
    """It gets the next revision and all the traffic; the others, the default too, go."""
    old = serving.serve()
    system = serving.yard.system
    endpoints.deploy(system, W, "iris", "blue", Deploy(serving.spec("x = 2"), percent=30))
    (blue,) = serving.replicas("iris", deployment="blue")
    serving.yard.report(blue)
    serving.gateway.ready(blue)
    until(lambda: weights(serving) == {MAIN_DEPLOYMENT: 70, "blue": 30})
    replaced(serving, "blue", "x = 3")
    until(lambda: weights(serving) == {MAIN_DEPLOYMENT: 0, "blue": 100})
    new = begin(serving, "blue", [blue])
    serving.yard.finish(old, "canceled")
    until(lambda: shown(serving.get()) == [("blue", 2, True)])
    assert serving.gateway.replicas_of("iris", "blue") == [new]


def test_the_same_name_with_other_access(serving: Serving) -> None:
    """Who may call it changes at once; what serves is exchanged as in an update."""
    old = serving.serve()
    replaced(serving, MAIN_DEPLOYMENT, access=Access(auth="none"), tags={"a": "1"})
    until(lambda: serving.gateway.table.endpoints[0].auth == "none")
    assert serving.gateway.replicas_of("iris")[0] == old
    begin(serving, MAIN_DEPLOYMENT, [old])
    assert (shown(serving.get()), serving.get().tags) == ([(MAIN_DEPLOYMENT, 2, True)], {"a": "1"})


def test_one_that_cannot_begin_leaves_what_serves(serving: Serving) -> None:
    """The operation fails with the reason, and the former revision answers under the new name."""
    old = serving.serve()
    replaced(serving, "blue", "import nothing")
    until(lambda: len(serving.gateway.replicas_of("iris", "blue")) == 2)
    new = serving.gateway.replicas_of("iris", "blue")[1]
    serving.yard.report(new)
    serving.yard.finish(new, "failed", exit_code=1)
    serving.until_done()
    found = serving.get()
    assert found.operation is not None
    assert (found.state, found.operation.state) == ("Healthy", "Failed")
    until(lambda: serving.gateway.replicas_of("iris", "blue") == [old])
    assert shown(found) == [("blue", 1, True)]
