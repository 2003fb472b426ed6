"""The gateway with the model worker that endpoints have: a score.py, supervised, under load."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

import pytest

import runyard
from runyard.protocol.serving import SERVING_FILE, WorkerSpec
from runyard.runtime import names

SCRIPT = """
import os
def init(): pass
def run(data): return [data, os.getpid()]
"""


@pytest.fixture
def scored(alone: Any, tmp_path: Any) -> Any:
    """An endpoint that is served by a real replica."""
    root = tmp_path / "app"
    (root / SERVING_FILE).parent.mkdir(parents=True)
    (root / SERVING_FILE).write_text(json.dumps(asdict(WorkerSpec("digits", entry_script="s.py"))))
    (root / "s.py").write_text(SCRIPT)
    alone.serve()
    environment = {
        **os.environ,
        "PYTHONPATH": os.path.dirname(os.path.dirname(runyard.__file__)),  # noqa: PTH120 - text
        names.RUN_ID_VARIABLE: "r1",
        names.WORKSPACE_VARIABLE: "w",
        names.TOKEN_VARIABLE: "token of r1",
        names.CONNECTION_VARIABLE: str(alone.gateway.home / "service.json"),
    }
    command = [sys.executable, "-P", "-m", "runyard.runtime.model"]
    with subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.DEVNULL) as started:
        alone.wait(lambda status: status.replicas and status.replicas[0].ready)
        yield alone
        started.terminate()


def test_a_killed_worker_costs_what_it_had_begun_and_nothing_else(scored):
    """Clients of a model that crashes get their own answers, and at most one each is refused."""
    stop = threading.Event()
    asked = 0

    def ask_on(client: int) -> Counter[int]:
        found: Counter[int] = Counter()
        while not stop.is_set():
            body = f"{client} {sum(found.values())}"
            answer = scored.ask(body=body)
            if answer.status == 200:
                assert json.loads(answer.body)[0] == body
            found[answer.status] += 1
        return found

    with ThreadPoolExecutor(6) as pool:
        results = [pool.submit(ask_on, client) for client in range(6)]
        pids = set()
        for _ in range(2):
            status = scored.wait(lambda s: s.replicas[0].ready and s.replicas[0].pid not in pids)
            pids.add(status.replicas[0].pid)
            scored.look(lambda s, seen=asked: s.endpoints[0].deployments[0].requests > seen + 50)
            asked = scored.gateway.status().endpoints[0].deployments[0].requests
            os.kill(status.replicas[0].pid, signal.SIGKILL)
        scored.wait(lambda s: s.replicas[0].ready and s.replicas[0].pid not in pids)
        stop.set()
    total: Counter[int] = sum((each.result() for each in results), Counter())
    assert total[200] > 100
    # One call runs at a time, so each death ends at most that one.
    assert total - Counter({200: total[200]}) <= Counter({502: 2})
    assert not list((scored.gateway.folder / "marks").iterdir())
