"""Web services as scripts hold them: calls, keys, waiting, changes, and what they show."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from azureml.core import Model
from azureml.core.image import ContainerImage
from azureml.core.model import InferenceConfig
from azureml.core.webservice import AciWebservice, AksEndpoint, AksWebservice, Webservice
from runyard.protocol.endpoints import OperationRecord
from runyard.sdk.exceptions import UserErrorException, WebserviceException


@pytest.fixture
def aci(workspace, config):
    """A service without keys."""
    return Model.deploy(workspace, "my-svc", [], config)


@pytest.fixture
def aks(workspace, config, model):
    """A service with keys at an address that answers."""
    model.keys = {"first", "second"}
    return Model.deploy(workspace, "my-aks", [], config, AksWebservice.deploy_configuration())


def test_a_call_gives_parsed_json(model, workspace, config):
    """Texts and bytes go in, JSON comes out, without a key where none is asked for."""
    service = Model.deploy(workspace, "my-svc", [], config)
    assert service.run('{"data": [1]}') == {"said": [1]}
    assert service.run(input_data=b"[2]") == {"said": [1]}
    assert [(path, key, body) for path, key, body in model.seen] == [
        ("/score", "", b'{"data": [1]}'),
        ("/score", "", b"[2]"),
    ]


def test_a_key_is_brought_along_and_fetched_again(aks, model, service):
    """Who regenerates a key elsewhere need not make the object anew; the path is AKS's."""
    assert aks.run("[1]") == {"said": [1]}
    assert model.seen[0][:2] == ("/api/v1/service/my-aks/score", "Bearer first")
    model.keys, service.keys = {"third"}, replace(service.keys, primary="third")
    assert aks.run("[1]") == {"said": [1]}
    assert [key for _, key, _ in model.seen[1:]] == ["Bearer first", "Bearer third"]


def test_a_refusal_tells_code_headers_and_content(aks, model):
    """What the script raised reaches the caller; a key that stays wrong is not tried for ever."""
    model.keys, model.content = {"other"}, b"{}"
    with pytest.raises(WebserviceException, match="Response Code: 401"):
        aks.run("[1]")
    assert len(model.seen) == 2
    model.keys, model.status, model.content = set(), 500, b'{"message": "ValueError: x"}'
    with pytest.raises(WebserviceException, match="Response Code: 500") as caught:
        aks.run("[1]")
    assert "Headers: " in caught.value.message
    assert "ValueError: x" in caught.value.message
    assert caught.value.status_code == 500


def test_what_cannot_be_sent_or_read_is_named(aks, model):
    """A list is no body, and text that is no JSON no answer."""
    with pytest.raises(UserErrorException, match=r"json\.dumps"):
        aks.run([1, 2])
    model.content = b"plain"
    with pytest.raises(WebserviceException, match="no JSON"):
        aks.run("[1]")


def test_a_service_without_an_address_says_so(workspace, service, config):
    """State and error are in the message."""
    service.address, service.state, service.error = "", "Failed", "no room"
    made = Model.deploy(workspace, "my-svc", [], config)
    assert made.scoring_uri is None
    with pytest.raises(WebserviceException, match=r"Current State: Failed(.|\n)*no room"):
        made.run("[1]")


def test_nobody_there_is_told_with_the_address(aci, service):
    """A connection that is refused is no traceback of sockets."""
    record = service.endpoints_there["my-svc"]
    service.endpoints_there["my-svc"] = replace(record, address="http://127.0.0.1:1")
    aci.update_deployment_state()
    with pytest.raises(WebserviceException, match=r"no answer from http://127\.0\.0\.1:1/score"):
        aci.run("[1]")


def test_keys_are_read_and_replaced(aks, aci):
    """Primary and Secondary in any case; other names, and services without keys, are refused."""
    assert aks.get_keys() == ("first", "second")
    aks.regen_key("PRIMARY")
    aks.regen_key("Secondary", set_key="mine")
    assert aks.get_keys() == ("new", "mine")
    for wrong in ("third", "", None):
        with pytest.raises(WebserviceException, match="Primary and Secondary"):
            aks.regen_key(wrong)
    with pytest.raises(WebserviceException, match="not opened by keys"):
        aci.get_keys()


def test_tokens_are_of_aks_alone(workspace, config, model, aci):
    """A token comes with the time to fetch the next, and is brought along by run()."""
    configuration = AksWebservice.deploy_configuration(token_auth_enabled=True, auth_enabled=False)
    service = Model.deploy(workspace, "my-aks", [], config, configuration)
    token, refresh_after = service.get_token()
    found = service.get_access_token()
    assert (token, found.access_token, found.token_type) == ("token", "token", "Bearer")
    assert refresh_after == found.refresh_after < found.expiry_on
    model.keys = {"token"}
    assert service.run("[1]") == {"said": [1]}
    with pytest.raises(NotImplementedError):
        aci.get_token()


def test_waiting_prints_what_v1_prints(aci, capsys):
    """Notebooks show these lines, and people look for the last."""
    aci.wait_for_deployment(show_output=True)
    out = capsys.readouterr().out
    assert out.startswith("Tips: You can try get_logs()")
    assert out.endswith(
        'Succeeded\nACI service creation operation finished, operation "Succeeded"\n'
    )
    aci.wait_for_deployment()
    assert capsys.readouterr().out == (
        'ACI service creation operation finished, operation "Succeeded"\n'
    )


def test_states_are_printed_once_each(aci, service, capsys, monkeypatch):
    """The state, then the next one on a line of its own; the reason goes to stderr."""
    records = iter(
        replace(
            service.endpoints_there["my-svc"],
            operation=OperationRecord("o", "create", state),
            reason="building environment" if state == "Running" else "",
        )
        for state in ("Running", "Running", "Succeeded", "Succeeded")
    )
    monkeypatch.setattr(service, "endpoints_get", lambda _: next(records))
    aci.wait_for_deployment(show_output=True)
    said = capsys.readouterr()
    # A dot for each look that takes longer.
    assert re.search(r"\nRunning\.*\nSucceeded\nACI", said.out)
    assert said.err == "building environment\n"


def test_a_failure_tells_state_operation_error_and_log(workspace, service, config):
    """One message has all that is needed to see what went wrong."""
    service.state, service.error = "Failed", "init() raised ImportError"
    made = Model.deploy(workspace, "my-svc", [], config)
    with pytest.raises(WebserviceException) as caught:
        made.wait_for_deployment()
    for part in ("service state: Failed", "Operation ID: operation-1", ".get_logs()", '"code"'):
        assert part in caught.value.message
    assert "init() raised ImportError" in caught.value.message
    assert caught.value.message.endswith("ImportError: x")
    assert made.error["message"] == "init() raised ImportError"


def test_a_time_out_leaves_the_deployment_alone(aci, service):
    """Who waits no longer has stopped nothing."""
    record = service.endpoints_there["my-svc"]
    working = replace(record, operation=OperationRecord("o", "create", "Running"))
    service.endpoints_there["my-svc"] = working
    with pytest.raises(WebserviceException, match="goes on"):
        aci.wait_for_deployment(timeout_sec=0.01)
    assert "endpoints.delete" not in service.calls


def test_the_newest_lines_of_the_log_are_read(aci):
    """The last lines are those that matter."""
    assert aci.get_logs(num_lines=1) == "ImportError: x"
    assert aci.get_logs().startswith("loading")


def test_a_service_is_found_by_name(workspace, aci, aks):
    """The class is the kind's; another kind and a missing name are refused as v1 refuses them."""
    assert type(Webservice(workspace, "my-svc")) is AciWebservice
    assert Webservice(workspace, name="my-aks").scoring_uri == aks.scoring_uri
    with pytest.raises(WebserviceException, match="of the kind ACI"):
        AksWebservice(workspace, aci.name)
    with pytest.raises(WebserviceException) as caught:
        Webservice(workspace, "none")
    assert caught.value.message.startswith("WebserviceNotFound")
    listed = Webservice.list(workspace, compute_type="aks")
    assert [one.name for one in listed] == ["my-aks"]


def test_metadata_changes_without_another_replica(aci, service, capsys):
    """Tags, description and logging need no restart, and waiting for them returns."""
    aci.update(tags={"a": "1"}, description="new", enable_app_insights=True)
    assert (aci.tags, aci.description, aci.enable_app_insights) == ({"a": "1"}, "new", True)
    aci.update(tags={"b": "2"}, auth_enabled=True)
    assert (aci.tags, aci.auth_enabled) == ({"b": "2"}, True)
    assert service.endpoints_there["my-svc"].deployments[0].spec.resources.cpus == 0.1
    aci.wait_for_deployment()
    assert "Succeeded" in capsys.readouterr().out


def test_an_update_brings_other_code(aci, service, here):
    """A changed script is another revision; what is not named stays."""
    (here / "score.py").write_text("def init(): pass\ndef run(x): return 2\n")
    old = service.endpoints_there["my-svc"].deployments[0].spec
    aci.update(inference_config=InferenceConfig("score.py", environment=aci.environment))
    new = service.endpoints_there["my-svc"].deployments[0].spec
    assert (old.snapshot, new.snapshot) == ("snapshot-1", "snapshot-2")
    assert (new.environment, new.resources) == (old.environment, old.resources)


def test_an_update_tells_all_its_faults(aci, aks, service):
    """Contradictions are told together, and nothing is sent."""
    with pytest.raises(WebserviceException, match="No parameters"):
        aci.update()
    calls = len(service.calls)
    with pytest.raises(WebserviceException) as caught:
        aks.update(image=object(), models=["m"], autoscale_enabled=False, cpu_cores=-1)
    for part in ("one of them", "no image", "num_replicas", "cpu_cores"):
        assert part in caught.value.message
    assert not {"endpoints.deploy", "endpoints.change"} & set(service.calls[calls:])
    with pytest.raises(WebserviceException, match="without inference_config"):
        aks.update(models=[])


def test_replicas_follow_what_was_asked_last(aks):
    """From following the load to three, and back."""
    aks.update(num_replicas=3)
    assert (aks.num_replicas, aks.autoscaler.autoscale_enabled) == (3, False)
    with pytest.raises(WebserviceException, match="autoscale_max_replicas"):
        aks.update(num_replicas=3, autoscale_max_replicas=4)
    aks.update(autoscale_enabled=True, autoscale_max_replicas=4)
    scaler = aks.autoscaler
    assert (scaler.autoscale_enabled, scaler.min_replicas, scaler.max_replicas) == (True, 1, 4)


def test_tags_and_properties_print_their_lines(aci, capsys):
    """v1 says what it replaced, and what it did not find."""
    aci.add_tags({"a": "1"})
    aci.add_tags({"a": "2"})
    aci.remove_tags(["a", "z"])
    aci.add_properties({"p": "q"})
    out = capsys.readouterr().out
    assert "Replacing tag a -> 1 with a -> 2" in out
    assert "Tag with key z not found." in out
    assert (aci.tags, aci.properties) == ({}, {"p": "q"})


def test_deleting_twice_is_no_error(aci, capsys):
    """Cleaning up goes on when somebody else has cleaned up before."""
    aci.delete()
    assert aci.state == "Deleting"
    aci.delete()
    assert capsys.readouterr().out == "No service with name my-svc found to delete.\n"


def test_it_shows_itself_in_v1_names(aks, aci):
    """Scripts write these dicts to files and read them elsewhere."""
    shown = aci.serialize()
    assert {"name", "state", "createdTime", "computeType", "scoringUri", "imageId"} <= set(shown)
    assert (shown["computeType"], shown["authEnabled"], shown["location"]) == (
        "ACI",
        False,
        "local",
    )
    assert shown["containerResourceRequirements"]["cpu"] == 0.1
    more = aks.serialize()
    assert (more["numReplicas"], more["scoringTimeoutMs"]) == (1, 60_000)
    assert more["autoScaler"]["maxReplicas"] == 10
    assert more["livenessProbeRequirements"]["periodSeconds"] == 10
    assert aks.swagger_uri.endswith("/api/v1/service/my-aks/swagger.json")
    assert aci.created_time.year == 2026
    assert "AciWebservice(" in repr(aci)


def test_versions_of_an_endpoint_share_its_requests(workspace, service, config):
    """Versions come, get their share, become the default, and go."""
    configuration = AksEndpoint.deploy_configuration(version_name="blue", tags={"k": "v"})
    endpoint = Model.deploy(workspace, "my-end", [], config, configuration)
    endpoint.create_version("green", inference_config=config, models=[], traffic_percentile=20)
    endpoint.update_version("green", description="second", is_control_version_type=False)
    green = endpoint.versions["green"]
    assert (green.traffic_percentile, green.is_default, green.version_type) == (
        20,
        False,
        "Treatment",
    )
    assert (green.description, endpoint.versions["blue"].version_type) == ("second", "Control")
    endpoint.update_version("green", traffic_percentile=100, is_default=True)
    assert endpoint.versions["green"].is_default
    assert set(endpoint.serialize()["versions"]) == {"blue", "green"}
    endpoint.delete_version("blue")
    assert list(endpoint.versions) == ["green"]
    with pytest.raises(WebserviceException, match="green"):
        endpoint.delete_version("gren")
    with pytest.raises(WebserviceException, match=r"exists(.|\n)*inference_config is missing"):
        endpoint.create_version("green")
    assert service.calls.count("endpoints.deploy") == 3


@pytest.fixture
def endpoint(workspace, config):
    """An endpoint with the versions `blue`, the default, and `green`."""
    configuration = AksEndpoint.deploy_configuration(version_name="blue")
    made = Model.deploy(workspace, "my-end", [], config, configuration)
    made.create_version("green", inference_config=config, models=[], traffic_percentile=20)
    return made


def test_a_version_is_called_by_itself_with_the_keys_of_its_endpoint(model, endpoint, service):
    """Trying a version before it gets requests needs its own answers, and its own log."""
    model.keys = {"first"}
    green = endpoint.versions["green"]
    assert green.run("[1]") == {"said": [1]}
    assert model.seen[-1][1] == "Bearer first"
    assert model.deployments == ["green"]
    assert green.get_keys() == ("first", "second")
    assert green.get_token()[0] == "token"
    assert "Traceback" in green.get_logs(2)
    assert service.logs_asked[-1].deployment == "green"
    green.wait_for_deployment()
    endpoint.run("[1]")
    assert model.deployments == ["green", None]


def test_what_a_version_has_is_changed_by_its_endpoint(endpoint):
    """Tags of a version are no tags of the endpoint, so both are not mixed up."""
    green = endpoint.versions["green"]
    for change in (green.add_tags, green.add_properties):
        with pytest.raises(WebserviceException, match=r"update_version\('green'"):
            change({"a": "b"})
    with pytest.raises(WebserviceException, match=r"update_version\('green'"):
        green.remove_tags(["a"])
    assert endpoint.tags == {}


def test_a_class_of_the_users_own_stands_for_no_kind(workspace, aci):
    """A script may subclass AciWebservice; what others find stays v1's class."""

    class Mine(AciWebservice):
        pass

    assert type(Webservice(workspace, aci.name)) is AciWebservice
    assert type(Webservice._of(workspace, replace(aci._record, kind=""))) is Webservice
    assert Mine.__mro__[1] is AciWebservice


def test_a_service_that_asks_for_keys_by_now_is_called_with_one(model, aci, service):
    """Another notebook has switched keys on; the object that is there already goes on."""
    model.keys = {"first"}
    there = service.endpoints_there["my-svc"]
    service.endpoints_there["my-svc"] = replace(there, access=replace(there.access, auth="key"))
    assert aci.run("[1]") == {"said": [1]}


def test_a_service_outlives_its_image(workspace, service, here):
    """Deleting an image leaves what runs of it, and that can still be shown."""
    image_config = ContainerImage.image_configuration("score.py", "python")
    made = Webservice.deploy_from_model(workspace, "my-svc", [], image_config)
    made.image.delete()
    assert (made.image, made.image_id) == (None, "my-svc:1")
    assert made.serialize()["imageDetails"] is None


def test_a_model_without_a_list_is_named_in_an_update(workspace, service):
    """`update(models=model)` is a likely slip; it is told, and nothing breaks on the way."""
    service.model("m", framework="ScikitLearn", framework_version="0.22.1")
    made = Model.deploy(workspace, "my-svc", [Model(workspace, id="m:1")])
    with pytest.raises(UserErrorException, match="must be a list"):
        made.update(models=Model(workspace, id="m:1"))


def test_another_model_without_code_is_served_as_it_needs(workspace, service):
    """The new model's framework and version decide, as when it is deployed."""
    service.model("m", framework="ScikitLearn", framework_version="0.22.1")
    service.model("n", framework="Onnx", paths=["n.onnx"])
    made = Model.deploy(workspace, "my-svc", [Model(workspace, id="m:1")])
    made.update(models=[Model(workspace, id="n:1")])
    spec = service.endpoints_there["my-svc"].deployments[0].spec
    assert (spec.models, spec.flavor) == (["n:1"], "onnx")
    assert any(line.startswith("onnxruntime") for line in spec.environment.pip)
