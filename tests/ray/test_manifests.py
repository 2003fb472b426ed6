"""The clusters that the documentation gives away, as far as they can be checked without a cloud."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests import locked_environments
from tests.ray import environments

EXAMPLES = locked_environments.ROOT / "examples" / "ray"
# In Ray's own Python: it has its schema, and a parser of YAML.
CHECK = """
import json, sys, yaml
config = yaml.safe_load(open(sys.argv[1]))
if sys.argv[2:] == ["schema"]:
    import jsonschema, pathlib, ray.autoscaler
    schema = pathlib.Path(ray.autoscaler.__file__).with_name("ray-schema.json")
    jsonschema.validate(config, json.loads(schema.read_text()))
    from ray.autoscaler._private.util import prepare_config, validate_config
    validate_config(prepare_config(config))
print(json.dumps(config))
"""
# The fields of KubeRay's RayCluster, ray.io/v1, that a cluster of ours may have.
FIELDS = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "spec": {
        *("rayVersion", "enableInTreeAutoscaling", "autoscalerOptions", "suspend"),
        *("headGroupSpec", "workerGroupSpecs", "headServiceAnnotations"),
    },
    "autoscalerOptions": {
        *("idleTimeoutSeconds", "upscalingMode", "resources", "image", "imagePullPolicy"),
        *("env", "envFrom", "volumeMounts", "securityContext"),
    },
    "headGroupSpec": {
        *("serviceType", "headService", "enableIngress", "rayStartParams", "template"),
    },
    "workerGroupSpecs": {
        *("groupName", "replicas", "minReplicas", "maxReplicas", "numOfHosts"),
        *("rayStartParams", "template", "scaleStrategy"),
    },
}


def _read(name: str, *how: str) -> Any:
    python = environments.python_of(environments.NEWEST)
    command = [str(python), "-c", CHECK, str(EXAMPLES / name), *how]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def _unknown(given: dict[str, Any], of: str) -> set[str]:
    return set(given) - FIELDS[of]


@pytest.mark.slow(seconds=10)
def test_ray_takes_the_cluster_for_a_cloud() -> None:
    """Whoever gives it to `ray up` gets a cluster, and no complaint about a field."""
    config = _read("aws.yaml", "schema")
    kinds = config["available_node_types"]
    assert kinds["head"]["resources"]["CPU"] == 0
    assert all(kind.get("min_workers", 0) == 0 for kind in kinds.values())


def test_the_manifest_has_fields_that_kuberay_knows() -> None:
    """It was never applied; a field that is misspelt would be ignored without a word."""
    found = _read("kuberay.yaml")
    spec = found["spec"]
    assert (found["apiVersion"], found["kind"]) == ("ray.io/v1", "RayCluster")
    assert not _unknown(found, "") | _unknown(spec, "spec")
    assert not _unknown(spec["autoscalerOptions"], "autoscalerOptions")
    assert not _unknown(spec["headGroupSpec"], "headGroupSpec")
    assert not _unknown(spec["workerGroupSpecs"][0], "workerGroupSpecs")
    assert "never applied" in (EXAMPLES / "kuberay.yaml").read_text("utf-8")


def test_the_page_says_what_was_not_tried() -> None:
    """Nobody takes the manifest for more than it is."""
    page = locked_environments.ROOT / "docs" / "how-to" / "from-laptop-to-cluster.md"
    assert "never applied" in Path(page).read_text("utf-8")
