"""The OpenAPI document is true: what it allows is answered as it says, never with a 500."""

import contextlib
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from runyard.protocol.routes import ROUTES
from runyard_server.service import openapi

DOCUMENT = json.loads(openapi.document())
schema = schemathesis.openapi.from_dict(DOCUMENT)
# A stream goes on for as long as its run, and a service that was stopped answers no more.
asked = schema.exclude(operation_id=["events.stream", "service.stop"])
CHECKS = (not_a_server_error, content_type_conformance, response_schema_conformance)


def test_every_row_is_described():
    """A row that the document leaves out could not be found by anybody."""
    described = [
        operation["operationId"]
        for path in DOCUMENT["paths"].values()
        for operation in path.values()
    ]
    assert sorted(described) == sorted(route.name for route in ROUTES)


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


@pytest.fixture
def run(ask):
    """A run, so that some of what is tried exists."""
    with contextlib.suppress(AssertionError):
        ask.start_run(run_id="openapi")


@pytest.mark.slow
@pytest.mark.usefixtures("run")
@asked.parametrize()
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_is_sent_breaks_the_service(ask, case):
    """Whatever a client sends, it gets an answer of the documented shape, not a fault."""
    for name, known in (("workspace", "default"), ("run", "openapi")):
        if name in case.path_parameters and case.path_parameters[name] > "b":
            case.path_parameters[name] = known
    headers = {"Authorization": f"Bearer {ask.service.token}"}
    case.call_and_validate(base_url=ask.service.url, headers=headers, checks=CHECKS)
