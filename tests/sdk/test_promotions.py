"""Promoting a deployment step by step, and back where it does worse."""

import io
from dataclasses import replace

import pytest

from runyard.protocol.endpoints import (
    READY,
    Access,
    DeploymentRecord,
    DeploymentSpec,
    EndpointRecord,
    Latencies,
    ReplicaRecord,
)
from runyard.sdk import latencies
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.promotions import Promotion, plan_of, shares
from runyard_server.serving import tallies


def deployment(name: str, percent: int) -> DeploymentRecord:
    replicas = [ReplicaRecord(f"run-{name}", name, 1, READY)]
    spec = DeploymentSpec(models=["digits:1"])
    return DeploymentRecord(
        name, "Healthy", spec, revision=1, percent=percent, replicas=replicas, wanted=1
    )


class Served:
    """An endpoint with `main` and `new`; each look is after ten requests to `new`."""

    def __init__(self, failing_at: int = 0, slow: int = 0) -> None:
        those = [deployment("main", 100), deployment("new", 0)]
        self.record = EndpointRecord("digits", "w", "native", "Healthy", "", Access(), those)
        self.history: list[dict[str, int]] = []
        self.failing_at = failing_at
        # How many of ten requests take between 100 ms and 1 s, after a past that was slow.
        self.slow = slow
        self.counts = [0, 0, 500]

    def look(self) -> EndpointRecord:
        main, new = self.record.deployments
        failed = 5 if self.failing_at and new.percent >= self.failing_at else 0
        self.counts = [self.counts[0] + 10 - self.slow, self.counts[1] + self.slow, 500]
        took = Latencies([0.1, 1.0], self.counts)
        requests, failures = new.requests + 10, new.failures + failed
        new = replace(new, requests=requests, failures=failures, latencies=took)
        self.record = replace(self.record, deployments=[main, new])
        return self.record

    def share(self, percent: dict[str, int]) -> None:
        self.history.append(percent)
        those = [replace(each, percent=percent[each.name]) for each in self.record.deployments]
        self.record = replace(self.record, deployments=those)


def promote(served: Served, within: float = 0.3, max_p99: object = None) -> None:
    plan = plan_of("new", within, 0.01, (5, 25, 50, 100), max_p99)
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
        promote(served, within=3)
    assert served.history[-1] == {"main": 100, "new": 0}


def test_a_slow_one_is_taken_back_at_once() -> None:
    """Where more than one request in a hundred takes longer than may be, it gets no more."""
    served = Served(slow=1)
    with pytest.raises(WebserviceException, match=r"longer than 910 ms, where 100 ms may be"):
        promote(served, within=60, max_p99="100ms")
    assert served.history == [{"main": 95, "new": 5}, {"main": 100, "new": 0}]


def test_one_that_is_fast_enough_gets_all() -> None:
    """What it did before it was promoted does not count, nor does what takes as long as may be."""
    served = Served(slow=1)
    promote(served, max_p99=1)
    assert served.history[-1] == {"main": 0, "new": 100}


def test_one_that_nobody_can_time_is_not_promoted_blindly() -> None:
    """Who asks for a guard is told where there can be none."""
    served = Served()
    look = served.look

    def old() -> EndpointRecord:
        found = look()
        return replace(
            found, deployments=[replace(each, latencies=None) for each in found.deployments]
        )

    plan = plan_of("new", 60, 0.01, (5, 100), 0.1)
    with pytest.raises(WebserviceException, match="max_p99 cannot be watched"):
        Promotion(plan, old, served.share, None, lambda _: None).run()
    assert served.history[-1] == {"main": 100, "new": 0}


def test_who_interrupts_it_has_the_traffic_as_it_was() -> None:
    """Ctrl-C on the way is no decision for a quarter of the traffic, and says so."""
    served, said = Served(), io.StringIO()

    def interrupted(_: float) -> None:
        if served.history[-1]["new"] == 25:
            raise KeyboardInterrupt

    plan = plan_of("new", 0.3, 0, (5, 25, 100))
    with pytest.raises(KeyboardInterrupt):
        Promotion(plan, served.look, served.share, said, interrupted).run()
    assert served.history[-1] == {"main": 100, "new": 0}
    assert said.getvalue().endswith("new: interrupted, the traffic is as it was\n")


def test_shares_and_quantiles_of_buckets() -> None:
    """Within a bucket requests are spread evenly; beyond the last bound nothing is known."""
    took = Latencies([0.1, 0.2], [50, 50, 0])
    assert latencies.share_above(took, 0.15) == pytest.approx(0.25)
    assert latencies.share_above(took, 0.2) == 0
    assert latencies.quantile(took, 0.75) == pytest.approx(0.15)
    assert latencies.quantile(Latencies([0.1, 0.2], [0, 0, 7]), 0.99) == 0.2
    assert latencies.share_above(Latencies([0.1], [0, 0]), 0.1) == 0
    assert [latencies.words(each) for each in (0.0853, 1.25)] == ["85.3 ms", "1.25 s"]


def test_one_without_a_ready_replica_is_taken_back() -> None:
    """Requests are not sent where nobody answers them."""
    served = Served()
    main, new = served.record.deployments
    served.record = replace(served.record, deployments=[main, replace(new, replicas=[])])
    with pytest.raises(WebserviceException, match="no replica that is ready"):
        promote(served)
    assert served.history[-1] == {"main": 100, "new": 0}


def test_a_step_that_a_laptop_slept_through_is_looked_at() -> None:
    """Nobody has watched it: its deployment would get more traffic whatever became of it."""
    served = Served()

    def slept(_: float) -> None:
        main, new = served.record.deployments
        served.record = replace(served.record, deployments=[main, replace(new, replicas=[])])

    plan = plan_of("new", 0, 0, (5, 100))
    with pytest.raises(WebserviceException, match="no replica that is ready"):
        Promotion(plan, served.look, served.share, None, slept).run()
    assert served.history == [{"main": 95, "new": 5}, {"main": 100, "new": 0}]


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


@pytest.mark.parametrize("max_p99", [0, -1, "soon", 61, True, "2h"])
def test_a_latency_that_makes_no_sense_is_refused(max_p99) -> None:
    """The gateway tells times up to a minute."""
    with pytest.raises(UserErrorException, match="max_p99 is"):
        plan_of("new", 1, 0.01, (100,), max_p99)


def test_the_longest_that_is_told_is_the_gateways() -> None:
    """Both halves speak of the same bounds."""
    assert tallies.BOUNDS[-1] == latencies.LONGEST
