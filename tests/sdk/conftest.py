"""One real service; for each test a workspace and a working folder of its own."""

import itertools
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from runyard.client import discovery
from runyard.sdk.experiments import Experiment
from runyard.sdk.submission import Submission
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService, running_service

_numbers = itertools.count()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service in a process of its own."""
    with running_service(tmp_path_factory.mktemp("home")) as service:
        yield service
    discovery.forget()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return work


@pytest.fixture
def workspace(service: RunningService, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace that nobody else uses."""
    monkeypatch.setenv("RUNYARD_HOME", str(service.home))
    return Workspace.create(f"w{next(_numbers)}")


@pytest.fixture
def experiment(workspace: Workspace) -> Experiment:
    """An experiment."""
    return Experiment(workspace, "exp")


class Script:
    """A script that can be submitted and needs nothing but this interpreter."""

    def __init__(self, folder: Path, **fields: Any) -> None:
        self._folder = folder
        self._fields = fields

    def _submission(self, experiment: Experiment, **_: Any) -> Submission:
        from runyard.protocol.environments import EnvironmentDefinition
        from runyard.protocol.runs import RunSpec

        environment = EnvironmentDefinition(user_managed=True, interpreter=sys.executable)
        spec = RunSpec(experiment.name, "", "train.py", environment=environment, **self._fields)
        return Submission(str(self._folder), spec, inherit_environment=True)


@pytest.fixture
def script(folder: Path) -> Callable[..., Script]:
    """Write `train.py` and give what submits it."""

    def make(text: str, **fields: Any) -> Script:
        source = folder / "source"
        source.mkdir(exist_ok=True)
        (source / "train.py").write_text(text)
        return Script(source, **fields)

    return make


class Notebook:
    """What stands for a notebook's kernel: what was shown, and in which cell."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, bool]] = []
        self.cell, self.time = "cell-1", 1
        self.kernel = self

    def get_parent(self, channel: str) -> dict[str, Any]:
        """The request of the cell that runs now."""
        assert channel == "shell"
        return {"header": {"msg_id": str(self.time)}, "metadata": {"cellId": self.cell}}

    def display(self, bundle: dict[str, str], *, raw: bool, display_id: str, update: bool) -> None:
        """IPython's `display`."""
        assert raw
        self.shown.append((display_id, bundle["text/html"], update))

    @property
    def page(self) -> str:
        """What is shown last."""
        return self.shown[-1][1] if self.shown else ""

    def until(self, text: str, seconds: float = 60.0) -> str:
        """Wait until a text is shown, and return the page that has it."""
        deadline = time.monotonic() + seconds
        while text not in self.page:
            assert time.monotonic() < deadline, f"{text} is not in {self.page}"
            time.sleep(0.01)
        return self.page


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """This process is a notebook's kernel."""
    found = Notebook()
    package, module = ModuleType("IPython"), ModuleType("IPython.display")
    package.get_ipython = lambda: found  # type: ignore[attr-defined]  # a stand-in
    module.display = found.display  # type: ignore[attr-defined]  # a stand-in
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    return found
