"""Model.package: what is refused before anything starts."""

from __future__ import annotations

import subprocess

import pytest

from azureml.core.conda_dependencies import CondaDependencies
from azureml.core.model import InferenceConfig, Model
from runyard.sdk import container_engines
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, WebserviceException


@pytest.fixture
def packed(config):
    """An InferenceConfig whose environment is of packages."""
    environment = Environment("small")
    environment.python.conda_dependencies = CondaDependencies.create(pip_packages=["numpy"])
    return InferenceConfig(config.entry_script, environment=environment)


@pytest.fixture
def engines(monkeypatch):
    """The engines of this machine, and what `info` of each says; None: it is not there."""
    found = {"docker": None, "podman": None}

    def run(command, **_named: object):
        return subprocess.CompletedProcess(
            command, 1 if found[command[0]] else 0, b"", found[command[0]]
        )

    monkeypatch.setattr(
        container_engines.shutil, "which", lambda name: name if found[name] is not None else None
    )
    monkeypatch.setattr(container_engines.subprocess, "run", run)
    return found


def test_without_an_engine_the_way_without_one_is_named(workspace, service, packed, engines):
    """Nothing is sent, and the message says what works on this machine."""
    service.model("m")
    with pytest.raises(
        WebserviceException, match=r"neither docker nor podman.*generate_dockerfile=True"
    ):
        Model.package(workspace, ["m"], packed)
    engines["docker"] = b"Cannot connect to the Docker daemon"
    with pytest.raises(
        WebserviceException, match=r"docker is here and does not work \(Cannot connect"
    ):
        Model.package(workspace, ["m"], packed)
    assert "images.create" not in service.calls
    assert service.sent == []
    engines["podman"] = b""
    assert Model.package(workspace, ["m"], packed).location == "package:latest"


def test_all_that_is_wrong_is_told_at_once(workspace, service, config, engines):
    """Names, models and an environment that no container could have, in one message."""
    del engines
    with pytest.raises(WebserviceException) as error:
        # In v1's order, which scripts rely on.
        Model.package(*(workspace, ["nope"], config, True, "Bad Name", "bad label!"))
    told = str(error.value)
    for part in (
        "image_name 'Bad Name'",
        "image_label 'bad label!'",
        "'nope'",
        "a Python as it is",
    ):
        assert part in told
    assert service.sent == []


def test_a_dockerfile_needs_no_engine(workspace, service, packed, engines):
    """It is saved, not pulled; the environment of packages reaches the service."""
    del engines
    service.model("m")
    package = Model.package(workspace, ["m"], packed, generate_dockerfile=True)
    order = service.bodies[service.calls.index("images.create")]
    assert (order.spec.models, order.spec.environment.pip) == (["m:1"], ["numpy"])
    assert (package.state, package.location) == ("Running", None)
    assert package.serialize()["generateDockerfile"] is True
    with pytest.raises(WebserviceException, match=r"save\(output_directory\)"):
        package.pull()


def test_other_files_are_not_overwritten(workspace, service, packed, here):
    """A folder with somebody's files is refused before anything is awaited."""
    service.model("m")
    package = Model.package(workspace, ["m"], packed, generate_dockerfile=True)
    (here / "mine").mkdir()
    (here / "mine" / "thesis.txt").write_text("all of it")
    with pytest.raises(UserErrorException, match="other files"):
        package.save(str(here / "mine"))
