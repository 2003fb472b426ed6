"""LocalWebservice: its states, its lines, and the reload that takes a script from disk again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from azureml.core import Model
from azureml.core.model import InferenceConfig
from azureml.core.webservice import LocalWebservice
from runyard.protocol.endpoints import OperationRecord
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, WebserviceException


@pytest.fixture
def local(workspace, service, config):
    """A local service that runs."""
    service.address = "http://127.0.0.1:6789"
    return Model.deploy(workspace, "test", [], config, LocalWebservice.deploy_configuration(6789))


def test_waiting_prints_where_it_runs(local, capsys):
    """Notebooks print it, and people click on it."""
    local.wait_for_deployment()
    assert capsys.readouterr().out == (
        "Checking container health...\nLocal webservice is running at http://localhost:6789\n"
    )
    assert (local.state, local.port) == ("running", 6789)
    assert local.scoring_uri == "http://localhost:6789/score"
    assert local.swagger_uri == "http://localhost:6789/swagger.json"


def test_models_are_named_when_they_are_deployed(workspace, service, config, capsys):
    """v1 told of each model."""
    service.model("m", 2)
    Model.deploy(workspace, "test", ["m:2"], config, LocalWebservice.deploy_configuration())
    assert capsys.readouterr().out == "Using model m:2\n"


def test_a_failure_prints_the_log_first(local, service, capsys):
    """The traceback of init() is what the user needs to see."""
    record = service.endpoints_there["test"]
    operation = OperationRecord("o", "create", "Failed", "init() raised")
    service.endpoints_there["test"] = replace(record, state="Failed", operation=operation)
    with pytest.raises(WebserviceException, match=r"init\(\) raised"):
        local.wait_for_deployment()
    assert "ImportError: x" in capsys.readouterr().out
    assert local.state == "failed"


def test_reload_takes_the_script_from_disk(local, service, here):
    """Edit, reload, call: models and environment stay, also in another process."""
    old = service.endpoints_there["test"].deployments[0].spec
    (here / "score.py").write_text("def init(): pass\ndef run(x): return 'updated'\n")
    LocalWebservice(local.workspace, "test").reload()
    new = service.endpoints_there["test"].deployments[0].spec
    assert new.snapshot == "snapshot-2"
    assert new.environment == old.environment
    local.reload()
    assert service.endpoints_there["test"].deployments[0].spec != new


def test_reload_refuses_what_is_no_python(local, service, here):
    """The service that runs goes on running."""
    (here / "score.py").write_text("def init(:\n")
    with pytest.raises(UserErrorException, match=r"score\.py"):
        local.reload()
    (here / "score.py").unlink()
    with pytest.raises(UserErrorException, match=r"score\.py"):
        local.reload()
    assert "endpoints.deploy" not in service.calls


def test_reload_takes_the_whole_source_directory(workspace, service, here):
    """Files beside the script are taken again, too."""
    (here / "src").mkdir()
    (here / "src" / "score.py").write_text("x = 1\n")
    environment = Environment("e")
    environment.python.user_managed_dependencies = True
    config = InferenceConfig("score.py", source_directory="src", environment=environment)
    made = Model.deploy(workspace, "test", [], config, LocalWebservice.deploy_configuration())
    (here / "src" / "more.py").write_text("y = 1\n")
    made.reload()
    assert service.sent == [["score.py"], ["more.py", "score.py"]]


def test_keys_and_tokens_are_not_implemented(local):
    """A local service asks for nothing."""
    for call in (local.get_keys, local.get_token, lambda: local.regen_key("Primary")):
        with pytest.raises(NotImplementedError):
            call()


def test_methods_need_a_state(local, workspace):
    """What is gone is neither called nor reloaded; the state is in the message."""
    local.delete()
    assert local.state == "deleted"
    for name, call in (
        ("run", lambda: local.run("[1]")),
        ("reload", local.reload),
        ("get_logs", local.get_logs),
    ):
        with pytest.raises(WebserviceException, match=rf"Cannot call {name}\(\) when service is"):
            call()
    missing = LocalWebservice(workspace, "none", must_exist=False)
    assert missing.state == "unknown"
    with pytest.raises(WebserviceException, match="WebserviceNotFound"):
        LocalWebservice(workspace, "none")


def test_run_waits_while_it_is_deployed(local, service, model, monkeypatch):
    """run() right after reload() gets the new script's answer."""
    there = replace(service.endpoints_there["test"], address=model.url)
    working = replace(there, operation=OperationRecord("o", "update", "Running"))
    answers = [working, there, there]
    monkeypatch.setattr(
        service, "endpoints_get", lambda _: answers.pop(0) if len(answers) > 1 else answers[0]
    )
    local.update_deployment_state()
    assert local.state == "deploying"
    assert local.run("[1]") == {"said": [1]}
