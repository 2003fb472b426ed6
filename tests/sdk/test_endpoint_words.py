"""An endpoint in words, and the line that shows how far it is."""

from dataclasses import replace

import pytest

from runyard.protocol.endpoints import (
    LOADING,
    READY,
    STARTING,
    Access,
    DeploymentRecord,
    DeploymentSpec,
    EndpointRecord,
    OperationRecord,
    ReplicaRecord,
    Scaling,
)
from runyard.protocol.feed import FeedPage
from runyard.sdk import endpoint_progress, endpoint_samples, endpoint_words
from runyard.sdk.exceptions import WebserviceException

ADDRESS = "http://127.0.0.1:4000"


def endpoint(state: str = "Healthy", replicas: tuple[str, ...] = (READY,), **fields: object):
    """An endpoint with one deployment, whose replicas are in these states."""
    those = [ReplicaRecord(f"r{n}", "main", 1, each) for n, each in enumerate(replicas)]
    spec = DeploymentSpec(models=["digits:3"], entry_script="score.py")
    main = DeploymentRecord(
        "main", state, spec, revision=1, percent=100, is_default=True, replicas=those, wanted=2
    )
    given = {"deployments": [main], "address": ADDRESS, **fields}
    return EndpointRecord("digits", "w", "native", state, "", Access(), **given)


def test_a_line_says_how_it_stands() -> None:
    """State, address, replicas, requests and what is wrong, in this order."""
    record = endpoint(replicas=(READY, LOADING), requests=1204, failures=3, error="no luck")
    assert endpoint_words.line_of(record) == (
        f"Healthy at {ADDRESS}, 1 of 2 replicas ready, 1,204 requests (3 failed): no luck"
    )


def test_the_line_for_curl_can_be_typed() -> None:
    """The key stands in a variable, so that it is in no history of a shell."""
    assert endpoint_words.curl_of(endpoint(), {"data": [1]}) == (
        f"curl {ADDRESS}/score -H 'Content-Type: application/json' "
        '-H "Authorization: Bearer $KEY" -d \'{"data": [1]}\''
    )
    opened = endpoint_words.curl_of(replace(endpoint(), access=Access(auth="none")))
    assert "Authorization" not in opened


def test_scales_are_told_in_words() -> None:
    """A fixed number stands alone."""
    assert endpoint_words.scale_of(Scaling(0, 4)) == "0 to 4"
    assert endpoint_words.scale_of(Scaling(2, 2)) == "2"


CREATING = OperationRecord("1", "create", "Running")


@pytest.mark.parametrize(
    ("record", "share"),
    [
        (endpoint("Transitioning", (), operation=CREATING), 0.1),
        (endpoint("Transitioning", (STARTING, STARTING), operation=CREATING), 0.3),
        (endpoint("Transitioning", (READY, LOADING), operation=CREATING), 0.8),
        (endpoint(), 1.0),
        (endpoint("Failed", ()), 1.0),
    ],
)
def test_the_bar_goes_with_the_replicas(record, share) -> None:
    """What is built is little of it, what is ready all."""
    assert endpoint_progress.share_of(record) == pytest.approx(share)


class Service:
    """A workspace with these records, one after the other, and a log."""

    def __init__(self, *records: object) -> None:
        self.records = list(records)
        self.waited: list[float] = []
        self.endpoints = self.feed = self

    def get(self, _name):
        return self.records.pop(0) if len(self.records) > 1 else self.records[0]

    def list(self, query, wait=0.0):
        assert query.after or query.last
        self.waited.append(wait)
        return FeedPage([], position=7)

    def logs(self, _name, _query):
        return "ImportError: no module named x\n"


def test_waiting_shows_each_new_reason_once(capsys) -> None:
    """Where there is no terminal a line comes when something changes, not each second."""
    why = "building the environment for {} s"
    steps = [endpoint("Transitioning", (), reason=why.format(n), operation=CREATING) for n in "123"]
    loading = endpoint("Transitioning", (LOADING,), reason="init() runs", operation=CREATING)
    service = Service(*steps, loading, endpoint())
    found = endpoint_progress.wait(service, "digits", show_output=True, timeout=None)
    assert found.state == "Healthy"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3
    assert "building the environment" in lines[0]
    assert lines[2] == f"digits: ready at {ADDRESS}"
    assert service.waited[0] == 0.0
    assert all(each > 1 for each in service.waited[1:])


def test_a_failure_has_its_reason_and_the_log() -> None:
    """Whoever waits sees why it failed without asking for the log."""
    failed = OperationRecord("1", "create", "Failed", error="init() raised ImportError")
    service = Service(endpoint("Failed", (), operation=failed))
    with pytest.raises(WebserviceException, match=r"(?s)init\(\) raised.*no module named x"):
        endpoint_progress.wait(service, "digits", show_output=False, timeout=None)


def test_an_update_that_failed_says_that_the_old_serves_on() -> None:
    """The endpoint is healthy, and the update is a failure all the same."""
    failed = OperationRecord("2", "update", "Failed", error="init() raised ImportError")
    service = Service(endpoint(operation=failed))
    with pytest.raises(WebserviceException, match="serves on as it was: init"):
        endpoint_progress.wait(service, "digits", show_output=False, timeout=None)


def test_a_wait_that_ends_leaves_it_going() -> None:
    """A time-out says what was waited for and that it goes on."""
    service = Service(endpoint("Transitioning", (), reason="waits for GPU 0", operation=CREATING))
    with pytest.raises(WebserviceException, match=r"waits for GPU 0. It goes on"):
        endpoint_progress.wait(service, "digits", show_output=False, timeout=0)


def test_a_sample_is_a_row_of_what_the_model_takes() -> None:
    """The line for curl can be pasted and works, also for a model that nobody remembers."""
    rows = {"name": "X", "datatype": "FP32", "shape": [-1, 2]}
    words = {"name": "words", "datatype": "BYTES", "shape": [-1]}
    assert endpoint_samples.of_inputs([rows]) == {"data": [[0, 0]]}
    assert endpoint_samples.of_inputs([rows, words]) == {"X": [[0, 0]], "words": ["text"]}
    assert endpoint_samples.of_inputs([{**rows, "shape": []}]) is None
    assert endpoint_samples.of_inputs([{**rows, "shape": [-1, 4000, 4000]}]) is None
    anything = {**words, "parameters": {"unknown_rank": True}}
    assert endpoint_samples.of_inputs([anything]) is None
    assert endpoint_samples.of_inputs([]) is None
