"""The guides of CONTRIBUTING.md are true: their code runs, and touches as few files as they say."""

import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest

import runyard
import runyard_server
from runyard_server.testing.services import running_service

ROOT = Path(__file__).parents[2]
GUIDES = {
    "A new backend": 3,
    "A new reconciled noun": 4,
    "A new route with its verb at the prompt": 4,
    "A new metric type": 3,
}
"""How many files of the product that are there already may change."""

COMMAND = "from runyard_server.cli.program import run; run()"
BLOCK = re.compile(r'^```(\w+) title="([^"]+)"\n(.*?)^```$', re.MULTILINE | re.DOTALL)
RUN = """\
from runyard import AmlCompute, ComputeTarget, Environment, Experiment, ScriptRunConfig, Workspace
workspace = Workspace.from_config()
slow = AmlCompute.provisioning_configuration(max_nodes=1, site="idle")
ComputeTarget.create(workspace, "slow", slow)
run = Experiment(workspace, "nice").submit(
    ScriptRunConfig(".", script="show.py", compute_target="slow", environment=Environment("bare"))
)
run.wait_for_completion()
print(run.get_metrics()["priority"])
"""
SHOW = """\
import os
from runyard import Run
Run.get_context().log("priority", os.getpriority(os.PRIO_PROCESS, 0))
"""
LOG = """\
from runyard import Experiment, Workspace
run = Experiment(Workspace.from_config(), "counted").start_logging()
run.log_histogram("ages", {"0-9": 3, "10-19": 4})
run.complete()
print(run.get_metrics())
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of a guide."""

    language: str
    title: str
    code: str


def blocks(guide: str) -> list[Block]:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    section = text.split(f"### {guide}\n")[1]
    section = re.split(r"^#{2,3} ", section, flags=re.MULTILINE)[0]
    return [Block(*found) for found in BLOCK.findall(section)]


def follow(guide: str, folder: Path) -> dict[str, str]:
    """Do what a guide says in a copy of the packages; give the variables with which it is used."""
    for package in (runyard, runyard_server):
        source = Path(str(package.__file__)).parent
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, folder / source.name, ignore=ignored)
    for block in blocks(guide):
        path = folder / block.title
        if block.language == "diff":
            path.write_text(changed(path.read_text("utf-8"), block), "utf-8")
        else:
            assert not path.exists(), f"{block.title} is no new file"
            path.write_text(block.code, "utf-8")
    return {
        "PYTHONPATH": str(folder),
        "RUNYARD_HOME": str(folder / "home"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def changed(text: str, block: Block) -> str:
    for hunk in re.split(r"^@@\n", block.code, flags=re.MULTILINE):
        lines = hunk.splitlines(keepends=True)
        old = "".join(line[1:] or "\n" for line in lines if not line.startswith("+"))
        new = "".join(line[1:] or "\n" for line in lines if not line.startswith("-"))
        if old:
            assert text.count(old) == 1, f"{block.title} has {text.count(old)} times\n{old}"
            text = text.replace(old, new)
        else:
            text += new
    return text


def python(variables: dict[str, str], *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-P", *arguments],
        env={**os.environ, **variables},
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def passes(folder: Path, variables: dict[str, str], file: str) -> None:
    given = ("-q", "-p", "no:randomly", "-p", "no:cacheprovider", "-c", os.devnull)
    shown = python(variables, "-m", "pytest", *given, file, cwd=folder)
    assert " passed" in shown


@pytest.mark.parametrize("guide", GUIDES)
def test_few_files_change(guide: str) -> None:
    """What a newcomer must find and change stays as little as the guides and the figures say."""
    touched = {block.title for block in blocks(guide) if block.language == "diff"}
    assert len(touched) <= GUIDES[guide], touched
    table = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    figures = re.findall(rf"^\| {guide.lower()} \|.*\| (\d+) \|$", table, re.MULTILINE)
    assert figures == [str(len(touched))]


@pytest.mark.slow(seconds=15)
def test_a_new_backend(tmp_path: Path) -> None:
    """It passes the contract, and a service that finds it by its entry point runs jobs there."""
    variables = follow("A new backend", tmp_path)
    shutil.rmtree(tmp_path / "runyard")
    shutil.rmtree(tmp_path / "runyard_server")
    install(tmp_path)
    passes(tmp_path, variables, "test_runyard_nice.py")
    home = Path(variables["RUNYARD_HOME"])
    home.mkdir()
    (tmp_path / "config.toml").rename(home / "config.toml")
    (tmp_path / "run.py").write_text(RUN)
    (tmp_path / "job").mkdir()
    (tmp_path / "job" / "show.py").write_text(SHOW)
    with running_service(home, variables=variables):
        shown = python(variables, str(tmp_path / "run.py"), cwd=tmp_path / "job")
    assert shown.split()[-1] == "15"


def install(folder: Path) -> None:
    """Put the metadata beside the module, as an installer would."""
    project = (folder / "pyproject.toml").read_text("utf-8")
    (point,) = re.findall(r'^(\w+) = "(\w+:\w+)"$', project, re.MULTILINE)
    metadata = folder / "runyard_nice-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: runyard-nice\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[runyard.backends]\n{point[0]} = {point[1]}\n")


@pytest.mark.slow
def test_a_new_reconciled_noun(tmp_path: Path) -> None:
    """It passes the contract, and a run of a real service is canceled at its deadline."""
    variables = follow("A new reconciled noun", tmp_path)
    passes(tmp_path, variables, "test_deadlines.py")
    begin = (
        "import time; from runyard import Experiment, Workspace; "
        "run = Experiment(Workspace.from_config(), 'late').start_logging(); "
        "run.service.deadlines.put(run.id, 0.1)\n"
        "until = time.monotonic() + 60\n"
        "while run.get_status() != 'Canceled' and time.monotonic() < until: time.sleep(0.05)\n"
        "print(run.get_status())"
    )
    with running_service(Path(variables["RUNYARD_HOME"]), variables=variables):
        assert python(variables, "-c", begin, cwd=tmp_path).split()[-1] == "Canceled"


@pytest.mark.slow
def test_a_new_route_with_its_verb(tmp_path: Path) -> None:
    """It is answered over HTTP, and its verb shows the answer."""
    variables = follow("A new route with its verb at the prompt", tmp_path)
    begin = (
        "from runyard import Experiment, Workspace; w = Workspace.from_config(); "
        "[Experiment(w, name).start_logging().complete() for name in ('mnist-cnn', 'iris')]"
    )
    with running_service(Path(variables["RUNYARD_HOME"]), variables=variables) as service:
        python(variables, "-c", begin, cwd=tmp_path)
        request = urllib.request.Request(
            f"{service.url}/api/v1/workspaces/default/experiments/mnist/like",
            headers={"Authorization": f"Bearer {service.token}"},
        )
        with urllib.request.urlopen(request, timeout=20) as answer:
            found = json.load(answer)
        shown = python(variables, "-c", COMMAND, "experiments", "like", "mnist", cwd=tmp_path)
    assert [item["name"] for item in found["items"]] == ["mnist-cnn"]
    assert "mnist-cnn" in shown
    assert "iris" not in shown


@pytest.mark.slow
def test_a_new_metric_type(tmp_path: Path) -> None:
    """It is logged, stored and shown in its own shape."""
    variables = follow("A new metric type", tmp_path)
    with running_service(Path(variables["RUNYARD_HOME"]), variables=variables):
        shown = python(variables, "-c", LOG, cwd=tmp_path)
    assert "{'ages': {'0-9': 3, '10-19': 4}}" in shown
