"""Configurations of deployment: defaults of each kind, and everything that makes no sense."""

from __future__ import annotations

import pytest

from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice, LocalWebservice
from azureml.core.webservice.aks import AksServiceDeploymentConfiguration
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.v1.serving import settings


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"cpu_cores": 0}, "cpu_cores"),
        ({"memory_gb": -1}, "memory_gb"),
        ({"gpu_cores": -1}, "gpu_cores"),
        ({"gpu_cores": 0.5}, "gpu_cores"),
        ({"cpu_cores": 2, "cpu_cores_limit": 1}, "cpu_cores_limit"),
        ({"autoscale_enabled": True, "num_replicas": 2}, "num_replicas"),
        ({"autoscale_enabled": False}, "num_replicas"),
        ({"num_replicas": 2, "autoscale_max_replicas": 3}, "autoscale_max_replicas"),
        ({"autoscale_min_replicas": 5, "autoscale_max_replicas": 2}, "above"),
        ({"auth_enabled": True, "token_auth_enabled": True}, "cannot both"),
        ({"auth_enabled": False, "primary_key": "x"}, "primary_key"),
        ({"namespace": "Not Valid"}, "namespace"),
        ({"scoring_timeout_ms": "soon"}, "scoring_timeout_ms"),
    ],
)
def test_aks_refuses_what_makes_no_sense(given, named):
    """A slip is told where it was written, not by a service minutes later."""
    with pytest.raises(WebserviceException, match=named):
        AksWebservice.deploy_configuration(**given)


def test_all_faults_of_a_configuration_are_named():
    """Three mistakes are one message."""
    with pytest.raises(WebserviceException) as caught:
        AksWebservice.deploy_configuration(cpu_cores=0, memory_gb=0, scoring_timeout_ms=0)
    for name in ("cpu_cores", "memory_gb", "scoring_timeout_ms"):
        assert name in caught.value.message


@pytest.mark.parametrize("port", [0, 65_536, "80", 1.5, True])
def test_a_local_service_needs_a_port(port):
    """What is no port is refused before anything listens."""
    with pytest.raises(WebserviceException, match="65535"):
        LocalWebservice.deploy_configuration(port)


def test_each_kind_has_its_defaults():
    """ACI: no key, one replica; AKS: a key, up to ten replicas, one call at a time for a minute."""
    aci, aks = AciWebservice.deploy_configuration(), AksWebservice.deploy_configuration()
    assert settings.auth("aci", aci.settings()) == "none"
    assert settings.auth("aks", aks.settings()) == "key"
    assert settings.auth("aks", {"token_auth_enabled": True}) == "token"
    assert settings.scaling("aci", {}).max_replicas == 1
    scaling, limits = settings.scaling("aks", {}), settings.limits("aks", {})
    assert (scaling.min_replicas, scaling.max_replicas, scaling.target_utilization) == (1, 10, 0.7)
    assert (limits.concurrency, limits.queue_wait_ms, limits.timeout_ms) == (1, 500, 60_000)
    assert settings.scaling("aks", {"num_replicas": 3}).max_replicas == 3
    assert settings.resources({}).cpus == 0.1


def test_what_has_no_effect_is_told_once():
    """Settings of a cloud are kept and shown; one warning names them all."""
    with pytest.warns(UserWarning, match="dns_name_label, location") as said:
        made = AciWebservice.deploy_configuration(location="eastus", dns_name_label="x")
    assert len(said) == 1
    assert made.location == "eastus"


def test_a_share_of_traffic_is_a_percentage():
    """110 percent of the requests are refused."""
    with pytest.raises(WebserviceException, match="traffic_percentile"):
        AksEndpoint.deploy_configuration(version_name="one", traffic_percentile=110)
    assert issubclass(
        type(AksEndpoint.deploy_configuration(version_name="one")),
        AksServiceDeploymentConfiguration,
    )


@pytest.mark.parametrize(
    ("given", "kind", "named"),
    [
        ({"entry_script": ""}, WebserviceException, "missing"),
        ({"entry_script": "none.py"}, WebserviceException, "does not exist"),
        ({"entry_script": "my-score.py"}, WebserviceException, "imported"),
        ({"entry_script": "class.py"}, WebserviceException, "imported"),
        ({"entry_script": "score.txt"}, WebserviceException, "end in .py"),
        ({"entry_script": "broken.py"}, UserErrorException, "broken.py"),
        ({"runtime": "spark-py"}, WebserviceException, "Spark"),
        ({"runtime": "R"}, WebserviceException, "'python'"),
        ({"conda_file": "no.yml"}, WebserviceException, "no.yml"),
        ({"source_directory": "nowhere"}, WebserviceException, "nowhere"),
        ({"environment": Environment("e"), "runtime": "python"}, WebserviceException, "runtime"),
        ({"environment": "e"}, WebserviceException, "Environment"),
    ],
)
def test_an_inference_config_is_checked_when_it_is_made(here, given, kind, named):
    """What cannot be imported later is refused where the user wrote it."""
    for name in ("my-score.py", "class.py", "score.txt"):
        (here / name).write_text("pass\n")
    (here / "broken.py").write_text("def init(:\n")
    with pytest.raises(kind, match=named):
        InferenceConfig(**{"entry_script": "score.py", **given})
