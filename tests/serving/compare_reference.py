"""Asks the reference server what `reference.json` says that it answered; `make compare` runs it.

python -P -m pytest tests/serving/compare_reference.py
RECORD=1 ...                                            writes the file anew
"""

import http.client
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.serving.live import free_port
from tests.serving.peers import python_of
from tests.serving.score_requests import PLAIN, RAW, RECORDED, REQUESTS, SCHEMA, SCRIPTS, ask

_START_SECONDS = 120


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    """The ports of one reference server for each script."""
    python = python_of("reference")
    found = {script: free_port() for script in (PLAIN, SCHEMA, RAW)}
    folder = tmp_path_factory.mktemp("reference")
    servers = [_start(python, script, port, folder) for script, port in found.items()]
    for port in found.values():
        _wait(port)
    yield found
    for server in servers:
        server.terminate()
    for server in servers:
        server.wait(30)


def _start(python: Path, script: str, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    programs = python.parent
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = [str(programs / "azmlinfsrv"), "--entry_script", str(SCRIPTS / f"{script}.py")]
    with (folder / f"{script}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdout=log, stderr=log
        )


def _wait(port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        with suppress(OSError):
            line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            line.request("GET", "/", headers={"Connection": "close"})
            line.getresponse().read()
            line.close()
            return
        time.sleep(0.2)
    raise TimeoutError("the reference server does not start")


def test_the_recording_is_what_the_reference_server_answers(ports: dict[str, int]) -> None:
    """The comparison with the recording is one with the server of this version."""
    answers: dict[str, Any] = {each.key: ask(ports[each.script], each) for each in REQUESTS}
    if os.environ.get("RECORD"):
        text = json.dumps(answers, indent=1, sort_keys=True, ensure_ascii=False)
        RECORDED.write_text(text + "\n", encoding="utf-8")
    assert answers == json.loads(RECORDED.read_text(encoding="utf-8"))
