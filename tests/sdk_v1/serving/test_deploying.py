"""Model.deploy: what is checked before anything starts, and the order that is sent."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from azureml.core.model import InferenceConfig, Model
from azureml.core.webservice import (
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    LocalWebservice,
    Webservice,
)
from runyard.protocol.models import ModelResources
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, WebserviceException
from runyard.sdk.v1.serving import profile_figures


class Aks:
    """What a deployment needs of an AKS target."""

    name, type, provisioning_state = "my-aks", "AKS", "Succeeded"


def test_a_deployment_becomes_an_order(workspace, service, config):
    """Models, script, environment and resources reach the service as they were written down."""
    service.model("m", 3)
    aci = AciWebservice.deploy_configuration(
        cpu_cores=1, memory_gb=2, tags={"data": "MNIST"}, description="Predicts", auth_enabled=True
    )
    made = Model.deploy(workspace, "my-svc", ["m:3"], config, aci)
    order = service.bodies[service.calls.index("endpoints.create")]
    assert (order.kind, order.access.auth, order.access.port) == ("aci", "key", None)
    assert (order.spec.models, order.spec.entry_script, order.spec.flavor) == (
        ["m:3"],
        "score.py",
        "script",
    )
    assert (order.spec.resources.cpus, order.spec.resources.memory_gb) == (1, 2)
    assert order.spec.environment.interpreter == sys.executable
    assert service.sent == [["score.py"]]
    assert type(made) is AciWebservice
    assert (made.tags, made.description) == ({"data": "MNIST"}, "Predicts")


def test_a_source_directory_lies_below_its_own_name(workspace, service, here):
    """Scripts open files by paths such as ./abc/extradata.json: v1 kept the folder's name."""
    (here / "abc" / "x").mkdir(parents=True)
    (here / "abc" / "x" / "score.py").write_text("import y\n")
    (here / "abc" / "extradata.json").write_text("{}")
    (here / "abc" / "env.yml").write_text("dependencies:\n- pip:\n  - numpy==1.16.2\n")
    config = InferenceConfig(
        "x/score.py", source_directory=str(here / "abc"), runtime="python", conda_file="env.yml"
    )
    Model.deploy(workspace, "test", [], config, LocalWebservice.deploy_configuration(6789))
    spec = service.bodies[-1].spec
    assert (spec.source_directory, spec.entry_script) == ("abc", "x/score.py")
    assert service.sent == [["env.yml", "extradata.json", "x/score.py"]]
    assert (spec.environment.name, spec.environment.pip) == ("test-env", ["numpy==1.16.2"])
    assert service.bodies[-1].access.port == 6789


def test_azureml_defaults_brings_the_schema_package(workspace, service, here):
    """Scripts that decorate run() find inference_schema; what is asked for by version stays."""
    del here
    for asked, got in (
        (["azureml-defaults"], ["inference-schema"]),
        (["azureml-defaults", "inference-schema[numpy-support]==1.0"], None),
        (["numpy"], ["numpy"]),
    ):
        environment = Environment("e")
        for line in asked:
            environment.python.conda_dependencies.add_pip_package(line)
        if "azureml-defaults" not in asked:
            environment.python.conda_dependencies.remove_pip_package("azureml-defaults")
        config = InferenceConfig("score.py", environment=environment)
        if "azureml-defaults" in asked:
            Model.deploy(workspace, "my-svc", [], config, overwrite=True)
        else:
            with pytest.warns(UserWarning, match="azureml-defaults"):
                Model.deploy(workspace, "my-svc", [], config, overwrite=True)
        assert service.bodies[-1].spec.environment.pip == (got or asked[1:])


def test_the_kind_follows_from_configuration_and_target(workspace, service, config):
    """Without a configuration a service is ACI's; on an AKS target it is AKS's."""
    assert type(Model.deploy(workspace, "one", [], config)) is AciWebservice
    made = Model.deploy(workspace, "two", [], config, deployment_target=Aks())
    assert type(made) is AksWebservice
    assert (made.compute_name, service.bodies[-1].spec.target) == ("my-aks", "local")
    local = Model.deploy(workspace, "three", [], config, LocalWebservice.deploy_configuration())
    assert type(local) is LocalWebservice
    endpoint = Model.deploy(
        workspace,
        "four",
        [],
        config,
        AksEndpoint.deploy_configuration(version_name="blue", traffic_percentile=10),
        Aks(),
    )
    assert (type(endpoint), list(endpoint.versions)) == (AksEndpoint, ["blue"])
    assert len(Webservice.list(workspace)) == 4


def test_all_faults_are_told_at_once(workspace, service, config):
    """Who has three mistakes corrects them in one go, and nothing has started."""
    aci = AciWebservice.deploy_configuration(cpu_cores=1)
    aci.cpu_cores = -1
    with pytest.raises(WebserviceException) as caught:
        Model.deploy(workspace, "No_Name", ["nowhere/model"], config, aci, Aks())
    for part in ("No_Name", "cpu_cores", "nowhere/model", "my-aks"):
        assert part in caught.value.message
    assert not {"endpoints.create", "snapshots.create"} & set(service.calls)


@pytest.mark.parametrize("name", ["ab", "a" * 33, "My-svc", "1svc", "svc-", "a_b", "", None])
def test_names_are_checked(workspace, service, config, name):
    """A name becomes part of addresses; the rule is told."""
    with pytest.raises(WebserviceException, match="3 to 32"):
        Model.deploy(workspace, name, [], config)
    assert "endpoints.create" not in service.calls


def test_an_existing_service_is_replaced_only_when_asked(workspace, service, config):
    """Nobody loses a service by a name used twice; a local one is for trying, and is replaced."""
    Model.deploy(workspace, "my-svc", [], config)
    with pytest.raises(WebserviceException, match="overwrite=True"):
        Model.deploy(workspace, "my-svc", [], config)
    with pytest.raises(WebserviceException, match="ACI"):
        Model.deploy(workspace, "my-svc", [], config, LocalWebservice.deploy_configuration())
    Model.deploy(workspace, "my-svc", [], config, overwrite=True)
    assert service.bodies[-1].replace
    for expected in (False, True):
        Model.deploy(workspace, "local", [], config, LocalWebservice.deploy_configuration())
        assert service.bodies[-1].replace is expected


def test_a_wrong_configuration_is_named(workspace, config):
    """The class that is needed is in the message."""
    with pytest.raises(WebserviceException, match="deploy_configuration"):
        Model.deploy(workspace, "my-svc", [], config, {"cpu_cores": 1})
    with pytest.raises(WebserviceException, match="InferenceConfig"):
        Model.deploy(workspace, "my-svc", [], "score.py")


@pytest.mark.parametrize(
    ("framework", "paths", "flavor"),
    [
        ("TensorFlow", ["model/saved_model.pb", "model/variables/x"], "tensorflow"),
        ("TensorFlow", ["model.h5"], "keras"),
        ("TfKeras", ["model.keras"], "keras"),
        ("ScikitLearn", ["model.pkl"], "sklearn"),
        ("Onnx", ["model.onnx"], "onnx"),
        ("PyTorch", ["model.pt"], "torch"),
    ],
)
def test_a_framework_says_how_a_model_is_served(workspace, service, framework, paths, flavor):
    """One model of a known framework needs no script."""
    service.model("m", framework=framework, framework_version="2.3.0", paths=paths)
    Model.deploy(workspace, "my-svc", ["m"], None)
    spec = service.bodies[-1].spec
    assert (spec.flavor, spec.entry_script, spec.snapshot) == (flavor, "", "")
    assert spec.environment.pip


def test_a_model_without_code_gets_what_it_would_like(workspace, service):
    """What was said at its registration counts where the configuration is silent."""
    wishes = ModelResources(cpus=0.5, memory_gb=2.0)
    service.model("m", framework="Onnx", resources=wishes)
    Model.deploy(workspace, "one", ["m"], None, AciWebservice.deploy_configuration(memory_gb=1))
    given = service.bodies[-1].spec.resources
    assert (given.cpus, given.memory_gb) == (0.5, 1)
    assert Model.deploy(workspace, "two", ["m"]).container_resource_requirements.cpu == 0.5


@pytest.mark.parametrize("models", [[], ["m", "m"], ["m"]])
def test_without_code_one_model_of_a_known_framework_is_needed(workspace, service, models):
    """The refusal says what would be served, and the way with a script."""
    service.model("m", framework="Custom")
    with pytest.raises(UserErrorException, match="InferenceConfig"):
        Model.deploy(workspace, "my-svc", models, None)


def test_a_profile_measures_a_service_of_its_own_and_removes_it(workspace, service, config, model):
    """Times are there by v1's names, and whatever comes of it nothing goes on to run."""
    found = Model.profile(workspace, "p", [], config, input_data="[1]", cpu=2)
    found.wait_for_completion(show_output=True)
    told = found.get_details()
    assert (told["state"], told["requestedCpu"], told["successRate"]) == ("Succeeded", 2, 100)
    assert len(model.seen) == told["totalQueries"] == told["successQueries"] == 100
    assert 0 < told["latencyPercentile50InMs"] <= told["latencyPercentile999InMs"]
    assert service.endpoints_there == {}
    model.status, model.content = 500, b"ValueError: x"
    with pytest.raises(WebserviceException, match=r"no request was answered; .*ValueError: x"):
        Model.profile(workspace, "p", [], config, input_data="[1]").wait_for_completion()
    assert service.endpoints_there == {}
    with pytest.raises(UserErrorException, match="must be a TabularDataset with one column"):
        Model.profile(workspace, "p", [], config, None)


def test_a_profile_that_breaks_off_says_so(workspace, service, config, model, monkeypatch):
    """Whatever its thread meets: nobody waits for a measurement that goes on for ever."""
    monkeypatch.setattr(profile_figures.Worker, "look", lambda *_: {}["gone"])
    with pytest.raises(WebserviceException, match="gone"):
        Model.profile(workspace, "p", [], config, input_data="[1]").wait_for_completion()
    assert service.endpoints_there == {}


def test_what_is_recommended_is_what_was_used_and_memory_to_spare():
    """Tenths, as reservations are written, and never less than the smallest one."""
    used = {"maxUtilizedCpu": 0.91, "maxUtilizedMemoryInGB": 1.0}
    assert profile_figures.recommended(used) == {
        "recommendedCpu": 1.0,
        "recommendedMemoryInGB": 1.3,
    }
    worker = profile_figures.Worker([os.getpid()])
    found = worker.used(1e9)
    assert found["maxUtilizedCpu"] < 0.001
    assert 0.01 < found["maxUtilizedMemoryInGB"] < 100
    assert profile_figures.recommended(found)["recommendedCpu"] == 0.1


def test_a_configuration_serves_for_several_models(workspace, service):
    """What one model would like is no wish of the next one's."""
    wishes = ModelResources(cpus=4.0, memory_gb=8.0, gpus=1)
    service.model("big", framework="ScikitLearn", framework_version="0.22.1", resources=wishes)
    service.model("small", framework="ScikitLearn", framework_version="0.22.1")
    aci = AciWebservice.deploy_configuration()
    for name in ("big", "small"):
        Model.deploy(workspace, f"{name}-svc", [Model(workspace, id=f"{name}:1")], None, aci)
    orders = [body for body in service.bodies if hasattr(body, "spec")]
    assert [order.spec.resources.cpus for order in orders] == [4.0, 0.1]
    assert aci.cpu_cores is None


@pytest.mark.parametrize("absolute", [False, True])
def test_a_script_within_its_source_is_found_by_any_path(workspace, service, here, absolute):
    """Paths may be Path objects, and lead from the root: what is kept is the path within."""
    (here / "abc").mkdir()
    (here / "abc" / "score.py").write_text("def run(x): return x\n")
    script = here / "abc" / "score.py" if absolute else Path("score.py")
    config = InferenceConfig(script, source_directory="abc", environment=Environment("mine"))
    Model.deploy(workspace, "my-svc", [], config, LocalWebservice.deploy_configuration())
    spec = service.bodies[-1].spec
    assert (spec.source_directory, spec.entry_script) == ("abc", "score.py")
    assert spec.v1["source"]["script"] == "score.py"


def test_a_script_outside_its_source_is_refused(here):
    """It would not be sent with the folder; the message names both."""
    (here / "abc").mkdir()
    with pytest.raises(WebserviceException, match=r"score\.py.* not below .*abc"):
        InferenceConfig("../score.py", source_directory="abc", environment=Environment("mine"))
