"""The unit of systemd: what it says, and what that means for runs."""

import configparser
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from runyard_server.cli import unit
from runyard_server.testing.services import read_connection


def parsed(text: str) -> configparser.ConfigParser:
    """Read a unit as systemd does, as far as that matters here."""
    found = configparser.ConfigParser(strict=False, interpolation=None)
    found.optionxform = str
    found.read_string(text)
    return found


def words(line: str) -> list[str]:
    """Split a command as systemd does."""
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line)]


def test_the_unit_spares_runs_and_names_everything_in_full(tmp_path) -> None:
    """Paths are absolute, odd signs keep their meaning, and only the main process is ended."""
    home = tmp_path / 'odd "home" 100% $x'
    found = parsed(unit.text(home, ["--port", "8420"], system=True))
    service = found["Service"]
    command = words(service["ExecStart"])
    assert command == [sys.executable, "-P", "-m", "runyard_server.app", "--port", "8420"]
    assert (service["KillMode"], service["OOMPolicy"]) == ("process", "continue")
    assert service["Restart"] == "on-failure"
    assert int(service["LimitNOFILE"]) >= 4096
    assert service["User"]
    assert found["Install"]["WantedBy"] == "multi-user.target"
    text = unit.text(home, [], system=False)
    assert "User" not in parsed(text)["Service"]
    assert parsed(text)["Install"]["WantedBy"] == "default.target"
    lines = [line for line in text.splitlines() if line.startswith("Environment=")]
    variables = [shlex.split(line.partition("=")[2])[0].replace("%%", "%") for line in lines]
    assert f"RUNYARD_HOME={home}" in variables
    assert f"PATH={os.environ['PATH']}" in variables


def test_the_command_prints_it(cli, tmp_path) -> None:
    """With the options that were given; --system without it is told."""
    said = cli("serve", "--host", "0.0.0.0", "--port", "9000", "--print-unit")
    command = words(parsed(said.out)["Service"]["ExecStart"])
    assert command[-4:] == ["--host", "0.0.0.0", "--port", "9000"]
    assert cli("serve", "--system").status == 2


class Systemd:
    """Does with a unit what systemd does under `KillMode=process`."""

    def __init__(self, text: str, home: Path) -> None:
        service = parsed(text)["Service"]
        assert service["KillMode"] == "process"
        self.command = words(service["ExecStart"])
        self.home = home
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, "RUNYARD_HOME": str(self.home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while getattr(read_connection(self.home), "pid", 0) != self.process.pid:
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def stop(self, number: signal.Signals) -> None:
        """Signal the main process, and that alone."""
        self.process.send_signal(number)
        self.process.wait(60)


@pytest.fixture
def systemd(tmp_path, monkeypatch) -> Iterator[Systemd]:
    """A service under the unit that is printed for a state folder."""
    from runyard.client import discovery

    home = tmp_path / "home"
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    discovery.forget()
    found = Systemd(unit.text(home, ["--port", "0"], system=False), home)
    yield found
    discovery.forget()
    with suppress(ProcessLookupError):
        found.stop(signal.SIGTERM)


SCRIPT = """
import time
from azureml.core import Run
run = Run.get_context()
for step in range(50):
    run.log("step", step)
    time.sleep(0.1)
open("outputs/end", "w").write("yes")
"""


def test_a_run_goes_on_while_the_unit_is_restarted(systemd, tmp_path) -> None:
    """`systemctl restart`, and a service that had to be killed, cost a run nothing."""
    from azureml.core import Environment, Experiment, ScriptRunConfig, Workspace

    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "train.py").write_text(SCRIPT)
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    config = ScriptRunConfig("source", "train.py", compute_target="local", environment=environment)
    run = Experiment(Workspace.from_config(), "unit").submit(config)
    deadline = time.monotonic() + 60
    while run.get_status() != "Running":
        assert time.monotonic() < deadline
        time.sleep(0.05)
    for number in (signal.SIGTERM, signal.SIGKILL):
        systemd.stop(number)
        time.sleep(0.5)
        systemd.start()
    assert run.wait_for_completion()["status"] == "Completed"
    assert run.get_metrics()["step"] == list(range(50))
    assert "outputs/end" in run.get_file_names()
