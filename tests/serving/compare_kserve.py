"""KServe's client with its default arguments, and schemathesis on the protocol's OpenAPI file.

`make compare` runs it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.serving.live import Live
from tests.serving.peers import python_of
from tests.serving.score_requests import SCRIPTS

OPENAPI = Path(__file__).parents[2] / "docs" / "reference" / "open-inference.json"
CLIENT = Path(__file__).parent / "clients" / "kserve_client.py"
KEY = "the key"
EXAMPLES = os.environ.get("COMPARE_EXAMPLES", "100")
DOUBLED = [[0.0, 2.0, 4.0], [6.0, 8.0, 10.0]]


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The ports of two endpoints that double, one of them behind a key."""
    live = Live(tmp_path_factory.mktemp("kserve"))
    script = (SCRIPTS / "doubling.py").read_text(encoding="utf-8")
    live.serve("digits", script)
    live.serve("locked", script, key=KEY)
    live.wait()
    yield live.ports
    live.close()


def test_kserves_client(ports: dict[str, int]) -> None:
    """Health, both protocols, tensors in JSON and in the binary form that is its default."""
    command = [str(python_of("kserve")), str(CLIENT), _url(ports["digits"]), "digits"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    assert told["live"] is told["ready"] is told["model"] is told["v1 model"] is True
    assert told["default"] == told["json"] == told["fp16"] == ["7", "digits", DOUBLED]
    assert told["bytes"][2] == ["aa", "üü"]
    assert told["v1"] == {"predictions": DOUBLED}
    assert told["unknown"][0] == 404
    assert "nothing" in told["unknown"][1]


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def test_schemathesis_finds_nothing(ports: dict[str, int], tmp_path: Path) -> None:
    """Whatever is made from the protocol's document, right or wrong, is answered as it says."""
    document = json.loads(OPENAPI.read_text(encoding="utf-8"))
    for path in document["paths"].values():
        for each in path.get("parameters", ()):
            # Else nearly all would ask for a model that is not there.
            each["schema"]["enum"] = ["locked", "x"] if each["name"] == "model_name" else ["1", "2"]
    schema = tmp_path / "open-inference.json"
    schema.write_text(json.dumps(document), encoding="utf-8")
    program = python_of("kserve").parent / "schemathesis"
    # The document cannot say that shape and data must fit each other.
    command = [str(program), "run", str(schema), "--url", _url(ports["locked"])]
    command += ["--checks", "all", "--exclude-checks", "positive_data_acceptance"]
    command += ["--phases", "examples,coverage,fuzzing", "--max-examples", EXAMPLES, "--no-color"]
    command += ["-H", f"Authorization: Bearer {KEY}"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[done.stdout.find("FAILURES") :]
