"""v1's RemoteCompute and DsvmCompute: a machine that is attached is a target of its own."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.services import RunningService
from runyard_server.testing.sshd import SshServer

pytestmark = pytest.mark.slow

SCRIPT = "import os\nopen('outputs/where', 'w').write(os.getcwd())"


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningService]:
    """A service that knows of no site but this machine."""
    found = RunningService(tmp_path / "home")
    found.start()
    monkeypatch.setenv("RUNYARD_HOME", str(found.home))
    monkeypatch.delenv("RUNYARD_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    yield found
    found.stop()


def described(server: SshServer, there: Path, **more: Any) -> Any:
    """The machine, as v1 scripts describe one."""
    from azureml.core.compute import RemoteCompute

    given = {"address": "127.0.0.1", "ssh_port": str(server.port), "username": server.user, **more}
    found = RemoteCompute.attach_configuration(private_key_file=str(server.identity), **given)
    found.known_hosts_file, found.folder = str(server.known_hosts), str(there)
    return found


def submit(folder: Path, target: Any) -> Any:
    """Submit a script to a target."""
    from azureml.core import Experiment, RunConfiguration, ScriptRunConfig, Workspace

    (folder / "source").mkdir(exist_ok=True)
    (folder / "source" / "train.py").write_text(SCRIPT)
    config = RunConfiguration()
    config.target = target
    config.environment.python.user_managed_dependencies = True
    config.environment.python.interpreter_path = sys.executable
    script = ScriptRunConfig(str(folder / "source"), script="train.py", run_config=config)
    return Experiment(Workspace.from_config(), "attached").submit(script)


def test_an_attached_machine_runs_one_job_at_a_time(
    service: RunningService, server: SshServer, tmp_path: Path
) -> None:
    """It is listed as what it is, is there after a restart, and goes when it is detached."""
    from azureml.core import Workspace
    from azureml.core.compute import ComputeTarget, DsvmCompute, RemoteCompute
    from azureml.exceptions import ComputeTargetException

    workspace, there = Workspace.from_config(), tmp_path / "there"
    target = ComputeTarget.attach(workspace, "mybox", described(server, there))
    target.wait_for_completion(show_output=True)
    assert isinstance(target, RemoteCompute)
    assert (target.type, target.get_status(), target.is_attached) == (
        "VirtualMachine",
        "Succeeded",
        True,
    )
    assert (target.username, target.address, target.ssh_port) == (
        server.user,
        "127.0.0.1",
        server.port,
    )
    first, second = submit(tmp_path, target), submit(tmp_path, target)
    for run in (first, second):
        run.wait_for_completion()
        run.download_file("outputs/where", str(tmp_path / "where"))
        assert (tmp_path / "where").read_text() == f"{there}/runs/{run.id}/0/work"
    begun, ended = (
        run.get_details()[name] for run, name in ((second, "startTimeUtc"), (first, "endTimeUtc"))
    )
    assert begun >= ended
    service.kill()
    service.start()
    again = DsvmCompute(workspace, "mybox")
    assert [each.name for each in ComputeTarget.list(workspace)] == ["mybox"]
    assert again.get_status() == "Succeeded"
    again.detach()
    with pytest.raises(ComputeTargetException, match="ComputeTargetNotFound"):
        RemoteCompute(workspace, "mybox")
    ComputeTarget.attach(workspace, "mybox", described(server, there))


def test_what_cannot_be_reached_is_not_attached(
    service: RunningService, server: SshServer, tmp_path: Path
) -> None:
    """A key that is not known, a user that is refused and a key file that is not there are told."""
    from azureml.core import Workspace
    from azureml.core.compute import ComputeTarget
    from azureml.exceptions import ComputeTargetException

    del service
    workspace, there = Workspace.from_config(), tmp_path / "there"

    def refused(description: Any) -> str:
        with pytest.raises(ComputeTargetException) as caught:
            ComputeTarget.attach(workspace, "mybox", description)
        return str(caught.value)

    unknown = described(server, there)
    unknown.known_hosts_file = str(tmp_path / "empty")
    assert f"ssh-keyscan -p {server.port} 127.0.0.1 >> {tmp_path}/empty" in refused(unknown)
    assert "authorized_keys" in refused(described(server, there, username="nobody"))
    lost = described(server, there)
    lost.private_key_file = str(tmp_path / "no-key")
    assert f"there is no private key '{tmp_path}/no-key'" in refused(lost)
    assert ComputeTarget.list(workspace) == []


def test_secrets_are_refused_with_what_to_do_instead() -> None:
    """Nobody keeps a password or a passphrase."""
    from azureml.core.compute import DsvmCompute, RemoteCompute
    from azureml.exceptions import ComputeTargetException

    given = {"address": "gpu1", "username": "ada", "ssh_port": 2222}
    with pytest.raises(ComputeTargetException, match="ssh-copy-id -p 2222 ada@gpu1"):
        RemoteCompute.attach_configuration(**given, password="secret")
    with pytest.raises(ComputeTargetException, match="ssh-add id_rsa"):
        DsvmCompute.attach_configuration(
            **given, private_key_file="id_rsa", private_key_passphrase="secret"
        )
    with pytest.raises(ComputeTargetException, match="needs the machine's address"):
        RemoteCompute.attach_configuration("ada", resource_id="/subscriptions/…")
