"""`runyard doctor`: says what is missing, and the one command that mends it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import runyard
from runyard_server.cli.doctor import packages
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK


def findings(said):
    """The findings by subject."""
    return {finding["subject"]: finding for finding in json.loads(said.out)["findings"]}


def test_a_sound_machine_is_healthy(cli) -> None:
    """Status 0, and each subject is looked at."""
    said = cli("doctor", "--json")
    assert said.status == 0, said.out
    found = findings(said)
    assert {"uv", "Pythons", "SDK", "state folder", "disk", "service", "GPU"} <= set(found)
    assert found["service"]["state"] == OK


def test_whatever_is_broken_has_its_mend(cli, tmp_path) -> None:
    """A state folder that cannot be is broken, status 1, and the mend is a command."""
    (tmp_path / "file").write_text("")
    said = cli("doctor", "--json", RUNYARD_HOME=str(tmp_path / "file" / "home"))
    assert said.status == 1
    found = findings(said)["state folder"]
    assert found["state"] == BROKEN
    assert found["mend"].startswith("export RUNYARD_HOME=")


def test_a_service_that_does_not_answer_is_broken(cli) -> None:
    """RUNYARD_URL left over from another day is found."""
    found = findings(cli("doctor", "--json", RUNYARD_URL="http://127.0.0.1:9"))["service"]
    assert (found["state"], found["mend"]) == (BROKEN, "unset RUNYARD_URL")


def test_a_secret_that_others_can_read_is_broken(cli, place) -> None:
    """The file that guards the service has its mode checked."""
    secret = place.home / "secret"
    secret.chmod(0o644)
    try:
        found = findings(cli("doctor", "--json"))["secret"]
    finally:
        secret.chmod(0o600)
    assert (found["state"], found["mend"]) == (BROKEN, f"chmod 600 {secret}")


def test_without_python_3_7_the_v1_default_is_a_note(cli) -> None:
    """A machine with one Python works; the note says what TensorFlow 1.13 would need."""
    said = cli("doctor", "--json", PATH="/nowhere", PYENV_ROOT="/nowhere", HOME="/nowhere")
    found = findings(said)["TensorFlow"]
    assert found["state"] == NOTE
    assert "3.7" in found["mend"]


@pytest.fixture
def our_wheel(tmp_path: Path) -> Path:
    """The wheel of the v1 names: that which was installed here, or one of the source folder."""
    source = Path(packages._source().removeprefix("-e "))
    if source.suffix == ".whl":
        return source
    build = [sys.executable, "-m", "uv", "build", "-q", "--wheel", "--out-dir", tmp_path, source]
    subprocess.run(build, check=True)
    return next(tmp_path.glob("*.whl"))


@pytest.fixture
def shared_environment(tmp_path: Path, our_wheel: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An interpreter with our v1 names and, on top of them, the real SDK of the hosted service."""
    folder = tmp_path / "environment"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "-q", "--seed", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    install = [*uv, "pip", "install", "-q", "--no-deps", "--python", python]
    subprocess.run([*install, our_wheel, "azureml-core"], check=True)
    # The rest of ours comes from where these tests run.
    light = Path(runyard.__file__).parents[1]
    site = next(folder.glob("lib/python*/site-packages"))
    (site / "ours.pth").write_text(str(light))
    monkeypatch.setattr(sys, "path", [*sys.path, str(site)])
    monkeypatch.setattr(packages, "_source", lambda: str(our_wheel))
    monkeypatch.setattr(packages, "_pip_words", lambda pip, _uv: pip)
    monkeypatch.setattr(sys, "executable", str(python))
    return python


def freeze(python: Path) -> bytes:
    """What is installed there."""
    done = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, check=True)
    return done.stdout


def test_the_hosted_sdk_in_the_same_place_is_mended(shared_environment: Path) -> None:
    """Two owners of `azureml` overwrite each other's files; the command leaves ours, working."""
    (found,) = packages.v1_names()
    assert found.state == BROKEN
    mended = subprocess.run(["bash", "-c", found.mend], capture_output=True, text=True, check=False)
    assert mended.returncode == 0, mended.stderr
    use = [shared_environment, "-c", "import azureml.core as c; print(c.Run)"]
    shown = subprocess.run(use, capture_output=True, text=True, check=False)
    assert "runyard.sdk.runs.Run" in shown.stdout, shown.stderr
    assert b"azureml-core" not in freeze(shared_environment)


def test_nothing_is_removed_when_ours_cannot_be_had_again(
    monkeypatch: pytest.MonkeyPatch, shared_environment: Path
) -> None:
    """Whoever installed from a wheel that is gone keeps the SDK that they have."""
    monkeypatch.setattr(packages, "_source", lambda: "/gone/runyard_azureml-0.1.0.whl")
    (found,) = packages.v1_names()
    mended = subprocess.run(["bash", "-c", found.mend], capture_output=True, check=False)
    assert mended.returncode != 0
    assert b"azureml-core" in freeze(shared_environment)


def test_an_environment_of_uv_is_mended_with_uv(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no pip in it."""
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda _name: None)
    assert packages._pip("install").startswith(f"{sys.executable} -m uv pip install --python ")


def test_for_people_the_report_ends_with_a_verdict(cli) -> None:
    """The last line says it all."""
    assert cli("doctor").out.rstrip().endswith("all is well")
