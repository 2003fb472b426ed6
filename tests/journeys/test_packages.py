"""A package of a model, from `Model.package` to answers, built and run as its Dockerfile says."""

import hashlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
import zipfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from runyard_server.environments import uv_program

from .conftest import Yard

pytestmark = pytest.mark.slow(seconds=20)

SCORE = """
import json, os
import factors
from azureml.core.model import Model

def init():
    global more
    with open(Model.get_model_path("weights")) as file:
        more = int(file.read())
    assert os.path.isdir(os.environ["AZUREML_MODEL_DIR"])

def run(raw_data):
    return [factors.factor * more * sum(row) for row in json.loads(raw_data)["data"]]
"""
SAMPLE = json.dumps({"data": [[1, 2], [3, 4]]})
ENGINE = """#!/bin/sh
case "$1" in
info) exit 0 ;;
build) echo "step 1 of $3"; cp -r "$4" {context}; exit {status} ;;
esac
"""


def wheel(folder: Path) -> Path:
    """A package of one module."""
    info = "factors-1.0.dist-info"
    files = {
        "factors.py": "factor = 10\n",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: factors\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, text in files.items():
        digest = urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += f"{name},sha256={digest},{len(text)}\n"
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    path = folder / "factors-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def config(yard: Yard) -> Any:
    """An InferenceConfig whose environment is a wheel of the workspace."""
    from azureml.core import Environment
    from azureml.core.conda_dependencies import CondaDependencies
    from azureml.core.model import InferenceConfig

    address = Environment.add_private_pip_wheel(yard.workspace, str(wheel(yard.folder)))
    source = yard.folder / "code"
    source.mkdir()
    (source / "score.py").write_text(SCORE)
    (source / "steps").write_text("RUN echo ready\n")
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    made = CondaDependencies.create(python_version=version, pip_packages=["--no-index", address])
    environment = Environment("small")
    environment.python.conda_dependencies = made
    environment.environment_variables = {"GREETING": 'a "b" $c'}
    return InferenceConfig("score.py", source_directory=str(source), environment=environment)


@pytest.fixture
def model(yard: Yard, config: Any) -> Any:
    """A registered model of one file."""
    from azureml.core import Model

    Path("weights.txt").write_text("2")
    return Model.register(yard.workspace, "weights.txt", "weights")


class Container:
    """What a Dockerfile makes of its context, in a folder in place of an image."""

    def __init__(self, context: Path, folder: Path) -> None:
        self.context = context
        self.folder = folder
        self.lines = (context / "Dockerfile").read_text().splitlines()
        self.process: subprocess.Popen[bytes] | None = None
        self.port = 0

    def values(self, instruction: str) -> list[str]:
        """What stands behind an instruction, each time."""
        return [line.partition(" ")[2] for line in self.lines if line.startswith(f"{instruction} ")]

    def build(self) -> None:
        """Make the environment by the command of the Dockerfile; uv installs faster than pip."""
        uv = uv_program.program()
        subprocess.run([uv, "venv", "--quiet", "-p", sys.executable, self.folder], check=True)
        command = next(each for each in self.values("RUN") if "pip install" in each)
        before, options = command.split()[:4], command.split()[4:]
        assert before == ["python", "-m", "pip", "install"]
        python = str(self.folder / "bin" / "python")
        install = [uv, "pip", "install", "--quiet", "--python", python, *options]
        subprocess.run(install, cwd=self.context, check=True)

    def start(self) -> None:
        """Run the entry point, at a port of this machine alone."""
        words = json.loads(self.values("ENTRYPOINT")[0])
        assert words[0] == "python"
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            self.port = found.getsockname()[1]
        ports = self.values("EXPOSE")[0].split()
        other = {"0.0.0.0": "127.0.0.1", ports[0]: str(self.port), ports[1]: "0"}
        self.process = subprocess.Popen(
            [self.folder / "bin/python", *(other.get(word, word) for word in words[1:])],
            cwd=self.context / "app",
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(self.context / "runtime")},
        )

    def ask(self, path: str, body: str | None = None) -> tuple[int, str]:
        """Status and body of an answer; 0 while nobody listens."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("GET" if body is None else "POST", path, body)
            answer = line.getresponse()
            return answer.status, answer.read().decode()
        except OSError:
            return 0, ""
        finally:
            line.close()

    def ready(self) -> None:
        """Wait until the model is loaded."""
        until = time.monotonic() + 60
        while self.ask("/")[0] != 200:
            assert time.monotonic() < until, self.ask("/")
            time.sleep(0.05)


@pytest.fixture
def container(yard: Yard) -> Iterator[Container]:
    """What becomes of the folder `image`."""
    made = Container.__new__(Container)
    made.process = None
    yield made
    if made.process is not None:
        made.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            made.process.wait(60)


def test_a_package_serves_without_a_service(
    yard: Yard, model: Any, config: Any, container: Container, capsys: Any
) -> None:
    """Saved, built by its own lock, started by its own entry point, it scores as it did there."""
    from azureml.core.model import InferenceConfig, Model, ModelPackage

    folder = yard.folder / "code"
    config.environment.python.conda_dependencies.save_to_file(str(folder), "small.yml")
    old = InferenceConfig(
        "score.py",
        runtime="python",
        conda_file="small.yml",
        extra_docker_file_steps="steps",
        source_directory=str(folder),
    )
    package = Model.package(
        model.workspace, [model], old, image_name="scoring", generate_dockerfile=True
    )
    assert isinstance(package, ModelPackage)
    package.wait_for_creation(show_output=True)
    assert "Package creation Succeeded" in capsys.readouterr().out
    assert (package.state, model.workspace.images) == ("Succeeded", {})
    package.save("image")
    package.save("image")
    assert package.location == str(yard.folder / "image")
    assert package.get_container_registry().address is None
    yard.kill_service()

    Container.__init__(container, yard.folder / "image", yard.folder / "container")
    _check_dockerfile(container)
    container.build()
    container.start()
    container.ready()
    assert container.ask("/score", SAMPLE) == (200, "[60, 140]")
    assert json.loads(container.ask("/swagger.json")[1])["info"]["title"] == "scoring"
    rows = json.dumps({"instances": [[1, 2]]})
    assert container.ask("/v1/models/weights:predict", rows) == (200, '{"predictions":[60]}')


def _check_dockerfile(container: Container) -> None:
    """All that it copies is there, and what the user asked for is in it."""
    for copied in container.values("COPY"):
        source = copied.split()[-2]
        assert (container.context / source).exists(), copied
    assert container.values("FROM") == ["${BASE}"]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert container.values("ARG") == [f"BASE=docker.io/library/python:{version}-slim"]
    assert "echo ready" in container.values("RUN")
    needs = (container.context / "requirements.txt").read_text()
    assert "\n./wheels/factors-1.0-py3-none-any.whl --hash=sha256:" in needs
    assert (container.context / "app/code/score.py").read_text() == SCORE
    assert (container.context / "app/azureml-models/weights/1/weights.txt").read_text() == "2"


def test_an_image_is_built_by_the_engine_of_this_machine(
    yard: Yard, model: Any, config: Any, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """Without a Dockerfile asked for, docker builds what it would have got; a failure is told."""
    from azureml.core.model import Model
    from azureml.exceptions import WebserviceException

    programs = yard.folder / "bin"
    programs.mkdir()
    engine = programs / "docker"
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")

    def build(status: int) -> Any:
        engine.write_text(ENGINE.format(context=yard.folder / "built", status=status))
        engine.chmod(0o755)
        return Model.package(
            model.workspace, [model], config, image_name="scoring", image_label="v1"
        )

    package = build(0)
    package.wait_for_creation(show_output=True)
    package.pull()
    said = capsys.readouterr().out
    assert "\nstep 1 of scoring:v1\n" in said
    assert f"Image scoring:v1 is here: {engine} run scoring:v1" in said
    assert package.location == "scoring:v1"
    built = (yard.folder / "built" / "Dockerfile").read_text().splitlines()
    assert r'ENV GREETING="a \"b\" \$c"' in built
    failed = build(3)
    with pytest.raises(WebserviceException, match="exit code 3"):
        failed.wait_for_creation()
    assert failed.state == "Failed"
    assert "step 1" in failed.get_logs()


def test_an_endpoint_is_taken_along(yard: Yard, model: Any, config: Any) -> None:
    """What it serves is written down as it is served, but for what was not asked for."""
    from runyard import Endpoint
    from runyard.sdk.exceptions import UserErrorException

    source = str(yard.folder / "code")
    endpoint = Endpoint.deploy(
        model.workspace,
        "scores",
        "weights:1",
        script=f"{source}/score.py",
        source=source,
        environment=config.environment,
    )
    endpoint.wait()
    assert endpoint.call(json.loads(SAMPLE)) == [60, 140]
    folder = endpoint.save("image")
    endpoint.delete()
    assert folder == yard.folder / "image"
    spec = json.loads((folder / "app/.runyard/serving.json").read_text())
    assert (spec["endpoint"], spec["entry_script"]) == ("scores", "score.py")
    assert (folder / "app/azureml-models/weights/1/weights.txt").read_text() == "2"
    assert (folder / "app/code/score.py").read_text() == SCORE
    assert "factors-1.0" in (folder / "requirements.txt").read_text()
    assert not [each for each in yard.folder.iterdir() if each.name.endswith(".part")]
    (yard.folder / "taken").mkdir()
    (yard.folder / "taken" / "mine.txt").write_text("mine")
    with pytest.raises(UserErrorException, match="other files"):
        endpoint.save("taken")
