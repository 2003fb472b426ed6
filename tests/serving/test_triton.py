"""Triton's own client works on an endpoint with its default arguments."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.serving.live import Live
from tests.serving.peers import python_of

SCRIPT = """
import json
def init(): pass
def run(data):
    asked = json.loads(data)
    if "text" in asked:
        return asked
    return [2 * each for row in asked["data"] for each in row]
"""
CLIENT = Path(__file__).parent / "clients" / "triton_client.py"


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the client has seen."""
    live = Live(tmp_path_factory.mktemp("triton"))
    port = live.serve("digits", SCRIPT)
    live.wait()
    command = [str(python_of("triton")), str(CLIENT), f"127.0.0.1:{port}", "digits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    live.close()
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_health_and_lists(told: dict[str, Any]) -> None:
    """Its questions about server and model are answered."""
    assert told["health"] == [True, True, True]
    assert told["extensions"] == ["binary_tensor_data"]
    assert told["index"] == [["digits", "READY"]]
    assert told["inputs"] == ["data"]
    assert told["statistics"] == ["digits"]


def test_tensors_in_every_form(told: dict[str, Any]) -> None:
    """Binary by default, JSON when asked, compressed, asynchronous, BYTES and half precision."""
    assert told["default"] == [0, 2, 4, 6, 8, 10]
    assert told["json"] == told["gzip"] == told["async"] == told["fp16"] == told["default"]
    assert told["bytes"] == [["a", "ü"], ["b", "c"]]
    assert told["id"] == "7"


def test_faults_are_its_exceptions(told: dict[str, Any]) -> None:
    """What is refused is raised there with status and reason."""
    assert told["unknown model"][0] == "404"
    assert "no model nothing is served here" in told["unknown model"][1]
    assert told["shared memory"][0] == "501"
