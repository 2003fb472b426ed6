"""The OpenAPI document is true: what it allows is answered as it says, never with a 500."""

import hashlib
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from runyard.protocol.route import Events
from runyard.protocol.routes import ROUTES
from runyard_server.faces.native import openapi

DOCUMENT = json.loads(openapi.document())
# How much of each kind of request is sent; `make soak` sends more.
EXAMPLES = int(os.environ.get("SOAK_EXAMPLES", "3"))
# Names of things that exist, so that what is tried reaches further than "not found".
KNOWN = {
    "workspace": ["default"],
    "run": ["openapi"],
    "experiment": ["mnist", "none"],
    "datastore": ["workspaceblobstore"],
    "compute": ["local", "cpu"],
    "model": ["m", "m:1"],
    "node": ["0", "x"],
}


def _probing() -> dict[str, Any]:
    """The document with known names in its paths."""
    probing = json.loads(openapi.document())
    for path in probing["paths"].values():
        for operation in path.values():
            for parameter in operation["parameters"]:
                if parameter["name"] in KNOWN:
                    parameter["schema"] = {"enum": KNOWN[parameter["name"]]}
    return probing


# A stream goes on, and a service that was stopped answers no more.
TRIED = [route.name for route in ROUTES if route.answer is not Events]
TRIED.remove("service.stop")


@pytest.fixture(scope="module")
def operations() -> dict[str, Any]:
    """What can be asked, by name. Loading it takes seconds, which each worker would spend."""
    import schemathesis

    found = [each.ok() for each in schemathesis.openapi.from_dict(_probing()).get_all_operations()]
    return {each.definition.raw["operationId"]: each for each in found}


def test_every_row_is_described():
    """A row that the document leaves out could not be found by anybody."""
    described = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]
    assert sorted(described) == sorted(route.name for route in ROUTES)


def test_the_scope_of_each_row_is_told():
    """Whoever writes a job in another language reads what the token of its run opens."""
    told = {
        operation["operationId"]: operation["x-runyard-scope"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    }
    assert told == {route.name: route.scope for route in ROUTES}


def test_every_reference_leads_somewhere():
    """A generator of clients stops at a reference to nothing."""
    text = json.dumps(DOCUMENT)
    names = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= set(DOCUMENT["components"]["schemas"])
    assert "RunRecord" in names


def test_the_service_gives_the_document(ask):
    """The document needs no token: it says nothing of anybody's data."""
    answer = ask("GET", "/api/v1/openapi.json", Authorization="")
    assert answer.json == DOCUMENT


@pytest.fixture(scope="module", autouse=True)
def things(ask):
    """A run, a cluster and a model, so that some of what is tried exists."""
    path = "/api/v1/workspaces/default"
    assert ask.start_run(run_id="openapi") == "openapi"
    blob = hashlib.sha256(b"x").hexdigest()
    assert ask("PUT", f"{path}/blobs/{blob}", b"x").status == 204
    entry = {"path": "x", "digest": blob, "size": 1}
    for noun, body in (
        ("compute", {"name": "cpu", "vm_size": "STANDARD_D2_V2", "max_nodes": 2}),
        ("models", {"name": "m", "path": "x", "files": [entry]}),
    ):
        answer = ask("POST", f"{path}/{noun}", body)
        assert answer.status == 200, answer.body


@pytest.mark.slow(seconds=0.1)
@pytest.mark.parametrize("name", TRIED)
def test_nothing_that_is_sent_breaks_the_service(ask, operations, name):
    """Whatever a client sends, it gets an answer of the documented shape, not a fault."""
    from schemathesis.checks import not_a_server_error
    from schemathesis.specs.openapi import checks

    expected = (
        not_a_server_error,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    )
    headers = {"Authorization": f"Bearer {ask.service.token}"}

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operations[name].as_strategy())
    def send(case: Any) -> None:
        answer = case.call_and_validate(base_url=ask.service.url, headers=headers, checks=expected)
        assert answer.status_code < 500

    send()
