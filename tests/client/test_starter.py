"""Starting the embedded service: once, detached, and with the reason when it dies."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from runyard.client import discovery, interpreter, starter
from runyard.protocol.errors import ServiceUnreachable
from runyard_server.testing.databases import variables_of

CLIENT = """
from runyard.client.discovery import connect
from runyard.protocol.routes import SERVICE_STATUS
print(connect().call(SERVICE_STATUS).pid)
"""


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty state folder; a service that was started in it is stopped."""
    home = tmp_path / "home"
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    for name, value in variables_of(home).items():
        monkeypatch.setenv(name, value)
    discovery.forget()
    yield home
    discovery.forget()
    if (home / "service.json").exists():
        pid = json.loads((home / "service.json").read_text())["pid"]
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 60
        while _lives(pid) and time.monotonic() < deadline:
            time.sleep(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def _program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_clients_that_start_together_get_one_service(home, tmp_path):
    """And it outlives them, with nobody's folder on its path."""
    (tmp_path / "runyard_server.py").write_text("raise SystemExit('the wrong module')")
    clients = [
        subprocess.Popen(
            [sys.executable, "-P", "-c", CLIENT], stdout=subprocess.PIPE, cwd=tmp_path, text=True
        )
        for _ in range(3)
    ]
    pids = {client.communicate(timeout=120)[0] for client in clients}
    assert len(pids) == 1
    pid = int(pids.pop())
    assert _lives(pid)
    assert os.getsid(pid) == pid
    assert (home / "service.json").stat().st_mode & 0o777 == 0o600


def test_a_service_that_dies_is_reported_at_once(home, tmp_path, monkeypatch):
    """With its status and its last words, not with a time-out."""
    program = _program(tmp_path / "broken", "echo the disk is on fire >&2; exit 3")
    monkeypatch.setenv("RUNYARD_SERVICE", str(program))
    begun = time.monotonic()
    with pytest.raises(ServiceUnreachable, match="the disk is on fire") as error:
        discovery.connect()
    assert "status 3" in error.value.message
    assert time.monotonic() - begun < 10


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_the_state_folder_that_a_client_makes_is_for_its_owner_alone(home, umask):
    """Specs of runs hold variables in clear; whatever the umask, others of the machine see none."""
    before = os.umask(umask)
    try:
        discovery.connect()
    finally:
        os.umask(before)
    made = [path for path in (home, *home.rglob("*")) if path.exists()]
    assert [path for path in made if path.stat().st_mode & 0o077] == []


def test_a_first_workspace_waits_for_nothing_but_the_first_answer(home):
    """What the default workspace holds is read when it is asked for."""
    from runyard import Workspace

    workspace = Workspace.from_config()
    assert workspace._known is None
    assert (workspace.name, workspace.tags) == ("default", {})


def test_what_the_service_says_of_its_folder_is_all_that_is_said(home):
    """One sentence that names the file and what to do, without the end of some log around it."""
    home.mkdir()
    (home / "secret").write_bytes(b"short")
    with pytest.raises(ServiceUnreachable, match="guessed") as error:
        discovery.connect()
    assert error.value.message.startswith(f"the service does not start: {home / 'secret'}")
    assert "\n" not in error.value.message


def test_a_service_that_never_listens_is_given_up(home, tmp_path, monkeypatch):
    """The message says where its log is: on PostgreSQL it has another name."""
    program = _program(tmp_path / "slow", "exec sleep 100")
    monkeypatch.setenv("RUNYARD_SERVICE", str(program))
    monkeypatch.setattr(starter, "START_SECONDS", 0.2)
    with pytest.raises(ServiceUnreachable, match=f"its log is in {home / 'logs'}") as error:
        discovery.connect()
    os.kill(int(error.value.message.partition("process ")[2].partition(")")[0]), signal.SIGKILL)


def test_a_living_service_is_waited_for_and_never_replaced(home, monkeypatch):
    """One that sleeps with the laptop keeps its folder and its connection file."""
    import fcntl

    home.mkdir()
    (home / "service.json").write_text(
        '{"url": "http://127.0.0.1:9", "token": "t", "pid": 1, "protocol": "1.0", "version": "0"}'
    )
    monkeypatch.setattr(starter, "SILENT_START_SECONDS", 0.1)
    with (home / "service.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ServiceUnreachable, match="does not answer"):
            discovery.connect()
    assert (home / "service.json").exists()
    (home / "service.json").unlink()


def test_a_state_folder_that_cannot_be_made_is_named(tmp_path, monkeypatch):
    """The message leads to RUNYARD_HOME."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RUNYARD_HOME", str(tmp_path / "file" / "home"))
    discovery.forget()
    with pytest.raises(ServiceUnreachable, match="RUNYARD_HOME"):
        discovery.connect()


def test_the_service_is_found_from_an_older_python(tmp_path, monkeypatch):
    """RUNYARD_SERVICE first; then `runyard` on PATH, by the interpreter that it names."""
    python = _program(tmp_path / "python3.12", "")
    command = tmp_path / "runyard"
    command.write_text(f"#!{python}\n")
    command.chmod(0o755)
    monkeypatch.setattr(interpreter, "OLDEST", (99,))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert interpreter.service_command()[:4] == [str(python), "-P", "-m", "runyard_server.app"]
    _program(command, "")
    assert interpreter.service_command() == [str(command), "serve", "--embedded"]
    monkeypatch.setenv("RUNYARD_SERVICE", str(python))
    assert interpreter.service_command()[0] == str(python)
    monkeypatch.setenv("RUNYARD_SERVICE", "no-such-program")
    with pytest.raises(ServiceUnreachable, match="no-such-program"):
        interpreter.service_command()


def test_without_a_service_one_command_is_named(tmp_path, monkeypatch):
    """The message is the command that installs it."""
    monkeypatch.setattr(interpreter, "OLDEST", (99, 0))
    monkeypatch.setattr(interpreter, "NEWEST_MINOR", -1)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RUNYARD_SERVICE", raising=False)
    with pytest.raises(ServiceUnreachable, match="Install it with: uv tool install"):
        interpreter.service_command()


def test_an_older_python_is_told_of_an_environment_of_its_own(tmp_path, monkeypatch):
    """The system's Python refuses pip (PEP 668); a new environment always works."""
    _program(tmp_path / "python3.13", "")
    monkeypatch.setattr(interpreter, "OLDEST", (99, 13))
    monkeypatch.setattr(interpreter, "NEWEST_MINOR", 13)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RUNYARD_SERVICE", raising=False)
    with pytest.raises(
        ServiceUnreachable, match=r"python3\.13 -m venv (\S+) && \1/bin/pip install"
    ):
        interpreter.service_command()


def test_a_python_that_refuses_pip_is_not_told_to_use_it(tmp_path, monkeypatch):
    """Not even the one that asks."""
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr("sysconfig.get_path", lambda _name: str(tmp_path))
    assert interpreter.install_command().startswith(f"{sys.executable} -m venv ")


def test_the_service_inherits_nothing_of_a_job(monkeypatch):
    """A service started from a job would else take itself for the job."""
    monkeypatch.setenv("RUNYARD_RUN_ID", "r")
    monkeypatch.setenv("AZUREML_RUN_TOKEN", "t")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    own = starter._environment(Path("/home"), [sys.executable])
    other = starter._environment(Path("/home"), ["/other/python"])
    assert not {"RUNYARD_RUN_ID", "AZUREML_RUN_TOKEN"} & set(own)
    assert own["PYTHONPATH"] == "/somewhere"
    assert "PYTHONPATH" not in other
    assert own["RUNYARD_HOME"] == "/home"


def test_a_program_with_many_files_open_starts_a_service():
    """`select` knows no file descriptor above 1023, and data loaders have more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    reader, writer = os.pipe()
    high = fcntl.fcntl(reader, fcntl.F_DUPFD, 1500)
    try:
        told = {
            "url": "http://127.0.0.1:1",
            "token": "t",
            "pid": 1,
            "protocol": "1",
            "version": "1",
        }
        os.write(writer, json.dumps(told).encode() + b"\n")
        found = starter._told(starter.Child(None, Path(), high))
        assert found is not None
        assert found.url == told["url"]
    finally:
        for each in (reader, writer, high):
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
