"""Promoting a deployment step by step, and back where it does worse."""

from dataclasses import replace

import pytest

from runyard.protocol.endpoints import (
    READY,
    Access,
    DeploymentRecord,
    DeploymentSpec,
    EndpointRecord,
    ReplicaRecord,
)
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.promotions import Promotion, plan_of, shares


def deployment(name: str, percent: int) -> DeploymentRecord:
    replicas = [ReplicaRecord(f"run-{name}", name, 1, READY)]
    spec = DeploymentSpec(models=["digits:1"])
    return DeploymentRecord(
        name, "Healthy", spec, revision=1, percent=percent, replicas=replicas, wanted=1
    )


class Served:
    """An endpoint with `main` and `new`; each look is after ten requests to `new`."""

    def __init__(self, failing_at: int = 0) -> None:
        those = [deployment("main", 100), deployment("new", 0)]
        self.record = EndpointRecord("digits", "w", "native", "Healthy", "", Access(), those)
        self.history: list[dict[str, int]] = []
        self.failing_at = failing_at

    def look(self) -> EndpointRecord:
        main, new = self.record.deployments
        failed = 5 if self.failing_at and new.percent >= self.failing_at else 0
        new = replace(new, requests=new.requests + 10, failures=new.failures + failed)
        self.record = replace(self.record, deployments=[main, new])
        return self.record

    def share(self, percent: dict[str, int]) -> None:
        self.history.append(percent)
        those = [replace(each, percent=percent[each.name]) for each in self.record.deployments]
        self.record = replace(self.record, deployments=those)


def promote(served: Served, within: float = 0.3) -> None:
    plan = plan_of("new", within, 0.01, (5, 25, 50, 100))
    Promotion(plan, served.look, served.share, None, lambda _: None).run()


def test_a_good_deployment_gets_all_in_four_steps() -> None:
    """5, 25, 50, 100 %, and the others give up as much."""
    served = Served()
    promote(served)
    assert [each["new"] for each in served.history] == [5, 25, 50, 100]
    assert all(sum(each.values()) == 100 for each in served.history)


def test_a_bad_one_is_taken_back_at_once() -> None:
    """As soon as more fail than may, the traffic is as it was, and the message has the numbers."""
    served = Served(failing_at=25)
    with pytest.raises(WebserviceException, match=r"requests to new failed at 25 %"):
        promote(served, within=60)
    assert served.history[-1] == {"main": 100, "new": 0}


def test_one_without_a_ready_replica_is_taken_back() -> None:
    """Requests are not sent where nobody answers them."""
    served = Served()
    main, new = served.record.deployments
    served.record = replace(served.record, deployments=[main, replace(new, replicas=[])])
    with pytest.raises(WebserviceException, match="no replica that is ready"):
        promote(served)
    assert served.history[-1] == {"main": 100, "new": 0}


@pytest.mark.parametrize(
    ("within", "seconds"), [("10m", 600), ("90s", 90), ("1h", 3600), (5, 5), ("2 min", 120)]
)
def test_time_is_written_as_people_do(within, seconds) -> None:
    """Both numbers and texts say how long."""
    assert plan_of("new", within, 0.01, (100,)).seconds == seconds


@pytest.mark.parametrize(
    ("within", "max_error", "steps"),
    [("soon", 0.1, (100,)), ("1m", 2, (100,)), ("1m", 0.1, (50, 5, 100)), ("1m", 0.1, (5, 50))],
)
def test_what_makes_no_sense_is_refused(within, max_error, steps) -> None:
    """Nothing has moved when the arguments are wrong."""
    with pytest.raises(UserErrorException):
        plan_of("new", within, max_error, steps)


def test_others_share_the_rest_as_they_did() -> None:
    """Two that had 60 and 40 % keep that ratio; all is 100 in the end."""
    assert shares({"a": 60, "b": 40, "new": 0}, "new", 25) == {"a": 45, "b": 30, "new": 25}
    assert sum(shares({"a": 33, "b": 33, "c": 34, "new": 0}, "new", 5).values()) == 100
