"""The deployment cells of v1 notebooks, from the first line to the last, on real endpoints."""

import json
import sys
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from .conftest import Yard

SCORE = """
import json, os
from azureml.core.model import Model

def init():
    global path
    path = Model.get_model_path("weights")
    print("loaded", os.path.basename(path))

def run(raw_data):
    rows = json.loads(raw_data)["data"]
    factor = int(open(path).read())
    return [factor * sum(row) for row in rows]
"""
SAMPLE = json.dumps({"data": [[1, 2], [3, 4]]})


@pytest.fixture
def config(yard: Yard) -> Any:
    """An InferenceConfig whose environment is this interpreter."""
    from azureml.core import Environment
    from azureml.core.model import InferenceConfig

    Path("score.py").write_text(SCORE)
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    return InferenceConfig("score.py", environment=environment)


@pytest.fixture
def model(yard: Yard, config: Any) -> Any:
    """A registered model of one file."""
    from azureml.core import Model

    Path("weights.txt").write_text("10")
    return Model.register(yard.workspace, "weights.txt", "weights")


def test_a_local_service_is_tried_and_reloaded(model: Any, config: Any, capsys: Any) -> None:
    """Deploy, call, edit the script, reload, call, delete: models stay, the script is new."""
    from azureml.core.model import Model
    from azureml.core.webservice import LocalWebservice
    from azureml.exceptions import WebserviceException

    service = Model.deploy(
        model.workspace, "test", [model], config, LocalWebservice.deploy_configuration()
    )
    service.wait_for_deployment()
    assert "Local webservice is running at http://localhost:" in capsys.readouterr().out
    assert service.run(bytes(SAMPLE, "utf-8")) == [30, 70]
    assert "loaded weights.txt" in service.get_logs()
    with pytest.raises(WebserviceException, match="get_logs"):
        service.run("no JSON")
    assert "JSONDecodeError" in service.get_logs()
    Path("score.py").write_text(SCORE.replace("return [", "return ['new'] + ["))
    service.reload()
    assert service.run(SAMPLE)[0] == "new"
    Path("score.py").write_text("import nothing_here\n" + SCORE)
    service.reload()
    with pytest.raises(WebserviceException, match="nothing_here"):
        service.wait_for_deployment()
    assert "nothing_here" in capsys.readouterr().out
    # What served before goes on: an update that fails changes nothing.
    assert json.loads(_post(service.scoring_uri, ""))[0] == "new"
    with pytest.raises(WebserviceException, match="test"):
        model.delete()
    service.delete()
    assert model.workspace.webservices == {}
    model.delete()


def test_an_image_of_2019_is_made_and_deployed(model: Any, capsys: Any) -> None:
    """Image, service, update to the next version, and both are listed."""
    from azureml.core.image import ContainerImage
    from azureml.core.webservice import AciWebservice, Webservice

    workspace = model.workspace
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    Path("env.yml").write_text(f"dependencies:\n- python={python}\n")
    configured = ContainerImage.image_configuration(
        execution_script="score.py", runtime="python", conda_file="env.yml"
    )
    image = ContainerImage.create(workspace, "my-image", [model], configured)
    image.wait_for_creation(show_output=True)
    service = Webservice.deploy_from_image(
        workspace=workspace,
        name="my-svc",
        image=image,
        deployment_config=AciWebservice.deploy_configuration(cpu_cores=1, memory_gb=1),
    )
    service.wait_for_deployment(show_output=True)
    assert (service.state, service.image_id) == ("Healthy", "my-image:1")
    assert service.run(SAMPLE) == [30, 70]
    assert 'operation "Succeeded"' in capsys.readouterr().out
    assert list(workspace.images) == ["my-image"]
    assert workspace.webservices["my-svc"].scoring_uri == service.scoring_uri
    service.delete()
    image.delete()


def test_versions_of_an_endpoint_share_its_requests(model: Any, config: Any) -> None:
    """Keys are asked for, both versions answer by their shares, and one takes over."""
    from azureml.core.compute import AksCompute, ComputeTarget
    from azureml.core.model import InferenceConfig, Model
    from azureml.core.webservice import AksEndpoint

    workspace = model.workspace
    target = ComputeTarget.create(workspace, "my-aks", AksCompute.provisioning_configuration())
    target.wait_for_completion()
    Path("other.py").write_text(SCORE.replace("return [", "return ['other'] + ["))
    other = InferenceConfig("other.py", environment=config.environment)
    configured = AksEndpoint.deploy_configuration(version_name="blue", num_replicas=1)
    endpoint = Model.deploy(workspace, "my-end", [model], config, configured, target)
    endpoint.wait_for_deployment()
    endpoint.create_version("green", inference_config=other, models=[model], num_replicas=1)
    endpoint.wait_for_deployment()
    endpoint.update_version("green", traffic_percentile=50)
    seen = Counter(len(endpoint.run(SAMPLE)) for _ in range(60))
    assert set(seen) == {2, 3}
    endpoint.update_version("green", traffic_percentile=100, is_default=True)
    assert {len(endpoint.run(SAMPLE)) for _ in range(20)} == {3}
    endpoint.delete_version("blue")
    primary, secondary = endpoint.get_keys()
    assert _post(endpoint.scoring_uri, secondary)
    endpoint.regen_key("Primary")
    for wrong in (primary, ""):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            _post(endpoint.scoring_uri, wrong)
    assert endpoint.run(SAMPLE) == ["other", 30, 70]
    endpoint.delete()


def _post(uri: str, key: str) -> bytes:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(uri, SAMPLE.encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return bytes(answer.read())
