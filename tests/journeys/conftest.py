"""A person's machine: an empty state folder and working folder, the service started on demand."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.databases import is_postgresql, variables_of
from runyard_server.testing.services import RunningService, running_service


class Yard:
    """What a journey needs to know about the service it started."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder

    @property
    def service_pid(self) -> int:
        """The process that serves now."""
        return int(json.loads((self.home / "service.json").read_text())["pid"])

    def kill_service(self) -> None:
        """End the service the hard way and wait until it is gone."""
        # One that a client has started says so a moment later, on PostgreSQL when it leads.
        pid = self.until(self.services, "no service says that it is there")[""]
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: not alive(pid), "the service is still there")

    def until(self, true: Callable[[], Any], otherwise: str, seconds: float = 120) -> Any:
        """Wait for something to become true."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = true()
            if found:
                return found
            time.sleep(0.05)
        raise AssertionError(otherwise)

    def script(self, text: str, name: str = "train.py", folder: str = "source") -> str:
        """Write a script into a source folder and give the folder."""
        source = self.folder / folder
        source.mkdir(exist_ok=True)
        (source / name).write_text(text)
        return str(source)

    def submit(self, text: str, target: str = "local", **more: Any) -> Any:
        """Submit a script that needs nothing but this interpreter."""
        from azureml.core import Environment, Experiment, ScriptRunConfig

        environment = Environment("plain")
        environment.python.user_managed_dependencies = True
        environment.python.interpreter_path = sys.executable
        config = ScriptRunConfig(
            self.script(text),
            script="train.py",
            compute_target=target,
            environment=more.pop("environment", environment),
            **more,
        )
        return Experiment(self.workspace, "journey").submit(config)

    @property
    def workspace(self) -> Any:
        """The default workspace; the first service is forked, a later one is the client's."""
        from azureml.core import Workspace

        # It takes a sixth of what a start by the client would, which has tests of its own.
        if not self.home.exists():
            RunningService(self.home).start()
        return Workspace.from_config()

    def two_nodes(self) -> str:
        """Make a cluster of two nodes, if there is none; give its name."""
        from azureml.core.compute import AmlCompute, ComputeTarget

        if "two" in self.workspace.compute_targets:
            return "two"
        size = AmlCompute.provisioning_configuration(vm_size="STANDARD_D2_V2", max_nodes=2)
        return str(ComputeTarget.create(self.workspace, "two", size).name)

    def client(self, text: str) -> subprocess.Popen[str]:
        """Run a client script of its own in the working folder."""
        return subprocess.Popen(
            [sys.executable, "-c", text],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run_processes(self, run_id: str) -> list[int]:
        """The living processes that carry the run's id in their environment."""
        mark = f"RUNYARD_RUN_ID={run_id}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and alive(int(entry.name)):
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        found.append(int(entry.name))
                except OSError:
                    continue
        return found

    def agents(self, verb: str) -> dict[str, int]:
        """The living agents by run: those that work (`agent`), or those that save (`salvage`)."""
        found = {}
        for file in (self.home / "runs").glob("*/agent.json"):
            with suppress(OSError, ValueError, KeyError):
                told = json.loads(file.read_text())
                if told["verb"] == verb and _is_agent(int(told["pid"]), file.parent):
                    found[file.parent.name] = int(told["pid"])
        return found

    def scripts(self) -> dict[str, int]:
        """The living scripts by run."""
        found = {}
        for file in (self.home / "runs").glob("*/agent.json"):
            with suppress(OSError, ValueError, KeyError, IndexError):
                pid = int(json.loads(file.read_text())["processes"][0]["pid"])
                if file.parent.name in _environ(pid):
                    found[file.parent.name] = pid
        return found

    def fork_servers(self) -> dict[str, int]:
        """The living fork servers."""
        home = str(self.home)
        return {
            str(pid): pid
            for pid, words in _commands().items()
            if words.rstrip("\0").endswith("fork-server") and home in words and not _logs(pid)
        }

    def workers(self) -> dict[str, int]:
        """The living model workers by run, of replicas of endpoints."""
        runs = {pid: run for run, pid in self.scripts().items()}
        found = {}
        for pid in self.model_processes():
            with suppress(OSError, IndexError):
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                if parent in runs:
                    found[runs[parent]] = pid
        return found

    def model_processes(self, endpoint: str = "") -> list[int]:
        """The living supervisors and workers of this machine's endpoints, or of one of them."""
        marks = (f"RUNYARD_ENDPOINT={endpoint}".encode(), str(self.home).encode())
        found = []
        for pid, words in _commands().items():
            with suppress(OSError):
                if "runyard.runtime.model" in words and alive(pid):
                    environ = Path(f"/proc/{pid}/environ").read_bytes()
                    own = [each for each in environ.split(b"\0") if each.startswith(marks[0])]
                    if marks[1] in environ and (not endpoint or marks[0] in own):
                        found.append(pid)
        return found

    def gateways(self) -> dict[str, int]:
        """The living gateway, if there is one."""
        with suppress(OSError, ValueError, KeyError):
            pid = int(json.loads((self.home / "serving" / "gateway.json").read_text())["pid"])
            if alive(pid):
                return {"": pid}
        return {}

    def gateway_parents(self) -> dict[str, int]:
        """The process that begins a gateway again when it is killed, if there is one."""
        with suppress(OSError, ValueError, KeyError):
            pid = int(json.loads((self.home / "serving" / "gateway.json").read_text())["parent"])
            if alive(pid):
                return {"": pid}
        return {}

    def services(self) -> dict[str, int]:
        """The process that serves now, if there is one."""
        with suppress(OSError, ValueError, KeyError):
            return {"": self.service_pid}
        return {}

    def kill_serving(self) -> None:
        """Kill the service, and what would serve endpoints without it."""
        kinds = (self.services, self.gateway_parents, self.gateways, partial(self.agents, "agent"))
        for each in kinds:
            for pid in each().values():
                self.kill(pid)
        for pid in self.model_processes():
            self.kill(pid)

    def kill(self, pid: int) -> bool:
        """Kill a process; say whether it was there."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
        return False

    def left_over(self) -> list[str]:
        """Run folders and temporary files that nobody will remove."""
        found = [str(path) for path in (self.home / "runs").iterdir()]
        # Folders that go meanwhile are passed over, where rglob would give up.
        for folder, _, names in os.walk(self.home):
            for name in names:
                temporary = name.endswith((".tmp", ".part")) or Path(folder).name == ".incoming"
                hidden = name.startswith((".service.json.", ".secret-", ".runyard-"))
                if temporary or hidden:
                    found.append(f"{folder}/{name}")
        return found


def _commands() -> dict[int, str]:
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                found[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace")
    return found


def _followers(home: Path) -> list[int]:
    """The services of a state folder that clients have started, whoever of them leads."""
    # As a word by itself: the fork server of the tests names modules of it, and stays.
    named = [p for p, text in _commands().items() if "runyard_server.app" in text.split("\0")]
    found = []
    for pid in named:
        with suppress(OSError):
            if f"RUNYARD_HOME={home}" in _environ(pid).split("\0"):
                found.append(pid)
    return found


def _logs(pid: int) -> bool:
    """Whether a process is a forked agent, whose words are those of the server that forked it."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/fd/1").readlink().name == "agent.log"
    return False


def _is_agent(pid: int, folder: Path) -> bool:
    """Whether a process works in a run folder: a pid alone may be somebody else's by now."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/fd/1").readlink() == folder / "agent.log"
    return False


def _environ(pid: int) -> str:
    return Path(f"/proc/{pid}/environ").read_text("utf-8", "replace")


def alive(pid: int) -> bool:
    """Whether a process lives; a zombie is dead."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return False
    return state not in "ZX"


@pytest.fixture
def yard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """An empty machine; whatever was started on it is stopped afterwards."""
    yield from empty_machine(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The state folder of a service that tests of a file share which leave it as it was."""
    home = tmp_path_factory.mktemp("shared") / "home"
    with running_service(home, variables=variables_of(home)) as service:
        yield service.home


@pytest.fixture
def guest(shared_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Yard:
    """A machine whose service others use, too, with an empty working folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.setenv("RUNYARD_HOME", str(shared_home))
    monkeypatch.delenv("RUNYARD_URL", raising=False)
    monkeypatch.chdir(folder)
    return Yard(shared_home, folder)


def empty_machine(top: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Make a machine in an empty folder, and stop afterwards whatever was started on it."""
    home, folder = top / "home", top / "work"
    folder.mkdir()
    monkeypatch.setenv("RUNYARD_HOME", str(home))
    monkeypatch.delenv("RUNYARD_URL", raising=False)
    for name, value in variables_of(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
    machine = Yard(home, folder)
    yield machine
    # Clients may have started several at once, where several may serve one database: another takes
    # over from the one that is stopped.
    others = _followers(home) if is_postgresql() else []
    for pid in {*machine.services().values(), *others}:
        if alive(pid):
            os.kill(pid, signal.SIGTERM)
            machine.until(lambda pid=pid: not alive(pid), "the service does not stop", 30)
