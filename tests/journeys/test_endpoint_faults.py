"""What goes wrong with endpoints is told, and what serves goes on serving."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

GOOD = "def init(): pass\ndef run(data): return data[:10]\n"
SECONDS = 60.0


@pytest.fixture(autouse=True)
def cleaned_up(yard: Any) -> Iterator[None]:
    """Gateway and replicas outlive the service."""
    yield
    yard.kill_serving()


def _deploy(yard: Any, text: str, model: Any = None) -> Any:
    from runyard import Endpoint, Environment

    environment = Environment("own")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    given = {"script": _script(yard, text), "environment": environment}
    return Endpoint.deploy(yard.workspace, "faulty", model, replace=True, **given)


def _script(yard: Any, text: str) -> str:
    return str(Path(yard.script(text, "score.py", "scoring")) / "score.py")


@pytest.mark.slow(10)
def test_a_script_that_cannot_start_is_told_and_replaced(yard: Any) -> None:
    """The reason is the exception; of an update that cannot start the old one serves on."""
    from azureml.exceptions import WebserviceException

    endpoint = _deploy(yard, "import no_such_module\n" + GOOD)
    with pytest.raises(WebserviceException, match="No module named 'no_such_module'"):
        endpoint.wait(timeout=SECONDS)
    assert endpoint.state == "Failed"
    endpoint.update(script=_script(yard, GOOD)).wait(timeout=SECONDS)
    assert endpoint.call("good") == "good"
    endpoint.update(script=_script(yard, "import sys\ndef init(): sys.exit(3)\ndef run(d): pass\n"))
    with pytest.raises(WebserviceException, match="SystemExit: 3"):
        endpoint.wait(timeout=SECONDS)
    assert (endpoint.state, endpoint.call("still")) == ("Healthy", "still")
    endpoint.delete()


@pytest.mark.slow(5)
def test_a_model_that_is_served_cannot_be_deleted(yard: Any) -> None:
    """The message names the endpoint, which goes on; without it the model goes."""
    from azureml.core import Model

    (yard.folder / "model.bin").write_text("weights")
    endpoint = _deploy(yard, GOOD, "model.bin").wait(timeout=SECONDS)
    (model,) = Model.list(yard.workspace)
    with pytest.raises(Exception, match="served by endpoint 'faulty'"):
        model.delete()
    assert endpoint.call("still") == "still"
    endpoint.delete()


@pytest.mark.slow(10)
def test_a_full_disk_stops_no_answer(yard: Any, monkeypatch: Any, tmp_path: Path) -> None:
    """Changes are refused with the reason; requests, also of a killed gateway, are answered."""
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(small)], check=True)
    try:
        monkeypatch.setenv("RUNYARD_HOME", str(small / "home"))
        yard.home = small / "home"
        endpoint = _deploy(yard, GOOD).wait(timeout=SECONDS)
        assert endpoint.call("before") == "before"
        _fill(small / "filler")
        with pytest.raises(Exception, match="no space"):
            endpoint.update(script=_script(yard, GOOD + "#" * 3_000_000))
        yard.kill(yard.gateways()[""])
        yard.until(lambda: _answer(endpoint) == "full", "no answer on a full disk", 30)
        (small / "filler").unlink()
        assert endpoint.update(script=_script(yard, GOOD + "#")).wait(timeout=SECONDS).state
        endpoint.delete()
    finally:
        yard.kill_serving()
        subprocess.run(["umount", "-l", str(small)], check=True)


def _fill(path: Path) -> None:
    try:
        with path.open("wb", buffering=0) as file:
            while True:
                file.write(b"\0" * 4096)
    except OSError:
        return


def _answer(endpoint: Any) -> Any:
    try:
        return endpoint.call("full")
    except Exception:  # noqa: BLE001 - the gateway is being started
        return None
