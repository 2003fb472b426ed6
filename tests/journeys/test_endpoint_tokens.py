"""Signed tokens: what opens one endpoint for twelve hours opens nothing else, and nothing later."""

import datetime as dt
import json
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from runyard_server.serving.table import sign

from .conftest import Yard

pytestmark = pytest.mark.slow(10)

SECONDS = 60.0
HALF_A_DAY = 12 * 3600


@pytest.fixture
def environment(yard: Yard) -> Iterator[Any]:
    """This interpreter; gateway and replicas, which outlive the service, are ended afterwards."""
    from azureml.core import Environment

    made = Environment("plain")
    made.python.user_managed_dependencies = True
    made.python.interpreter_path = sys.executable
    yield made
    yard.kill_serving()


def deployed(yard: Yard, environment: Any, name: str) -> Any:
    """A service that is opened by tokens, as v1 deploys it to AKS."""
    from azureml.core import Model
    from azureml.core.compute import AksCompute, ComputeTarget
    from azureml.core.model import InferenceConfig
    from azureml.core.webservice import AksWebservice

    workspace = yard.workspace
    target = ComputeTarget.create(workspace, f"aks-{name}", AksCompute.provisioning_configuration())
    folder = yard.script("def run(data): return data", "score.py", name)
    config = InferenceConfig("score.py", source_directory=folder, environment=environment)
    opened = AksWebservice.deploy_configuration(
        num_replicas=1, auth_enabled=False, token_auth_enabled=True
    )
    service = Model.deploy(workspace, name, [], config, opened, target)
    service.wait_for_deployment(timeout_sec=SECONDS)
    assert service.state == "Healthy"
    return service


def status(service: Any, token: str) -> tuple[int, str]:
    """What somebody with a token is answered."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    asked = urllib.request.Request(service.scoring_uri, b"1", headers)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def test_a_token_opens_one_endpoint_for_half_a_day(yard: Yard, environment: Any) -> None:
    """Valid ones of it; none that has expired, is forged, or is another endpoint's."""
    first, second = (deployed(yard, environment, name) for name in ("first", "second"))
    token, refresh = first.get_token()
    given = first.get_access_token()
    now = dt.datetime.now(refresh.tzinfo)
    assert dt.timedelta(hours=9) < refresh - now < dt.timedelta(hours=11)
    assert status(first, token) == status(first, given.access_token) == (200, '"1"')
    assert first.run("1") == "1"
    assert status(second, token)[0] == 401
    assert status(first, second.get_token()[0])[0] == 401
    expires, _, signature = token.partition(".")
    later = f"{int(expires) + 1}.{signature}"
    changed = token[:-1] + ("0" if token[-1] != "0" else "1")
    for forged in (later, changed, expires, "", "x", f"-1.{signature}", "é.0"):
        assert status(first, forged)[0] == 401, forged
    table = json.loads((yard.home / "serving" / "routes.json").read_text())
    (key,) = [each["token_key"] for each in table["endpoints"] if each["name"] == "first"]
    assert sign(key, int(expires)) == token
    assert abs(int(expires) - time.time() - HALF_A_DAY) < SECONDS
    code, told = status(first, sign(key, int(time.time()) - 1))
    assert (code, "the token has expired" in told) == (401, True)
    # Another service has the same secret, and so do tokens that are out.
    yard.kill_service()
    assert status(first, token)[0] == 200
    assert first.get_token()[0]
    assert status(first, token)[0] == 200
