"""`runyard doctor`: says what is missing, and the one command that mends it."""

import json

import pytest

from runyard_server.cli.doctor import packages
from runyard_server.cli.doctor.finding import BROKEN, NOTE, OK


def findings(said):
    """Give the findings by subject."""
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


def test_the_hosted_sdk_in_the_same_place_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two owners of `azureml` overwrite each other's files; the mend removes the other one."""
    present = {"azureml-core": "1.61.0", "runyard-azureml": "0.1.0"}
    monkeypatch.setattr(packages, "_installed", lambda name: present.get(name, ""))
    (found,) = packages.v1_names()
    assert found.state == BROKEN
    assert "uninstall -y azureml-core" in found.mend


def test_for_people_the_report_ends_with_a_verdict(cli) -> None:
    """The last line says it all."""
    assert cli("doctor").out.rstrip().endswith("all is well")
