"""Deploys a score.py as an endpoint of a service of its own; argv: the script, its interpreter."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from serve import serve, until

from runyard import Endpoint, Environment, Workspace

SLEEPER = "sleeper"
SERVING = Path(os.environ["RUNYARD_HOME"]) / "serving"
workspace = Workspace.from_config()
source = Path(sys.argv[1]).read_text()
script = Path.cwd() / "score.py"
script.write_text(source)
environment = None
if len(sys.argv) > 2:
    environment = Environment("scored")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.argv[2]
there: dict[str, Endpoint] = {}


def deploy(name: str) -> dict:
    """Deploy it, in a Python as it is, and wait until it is ready."""
    start = time.perf_counter()
    endpoint = Endpoint.deploy(workspace, name, script=str(script), environment=environment)
    endpoint.wait(timeout=120)
    seconds = time.perf_counter() - start
    there[name] = endpoint
    # With the key, as any client calls it.
    return {
        "seconds": seconds,
        "port": urlsplit(endpoint.address).port,
        "key": endpoint.keys()[0],
        "pids": _processes(endpoint),
    }


def update(name: str, seconds: float) -> dict:
    """Deploy other scripts in its place, one after another, for some time."""
    start = time.perf_counter()
    count = 0
    while time.perf_counter() - start < seconds:
        count += 1
        script.write_text(f"{source}\nREVISION = {count}\n")
        there[name].update(script=str(script)).wait(timeout=120)
    return {"updates": count}


def delete(name: str) -> dict:
    """Delete it."""
    there.pop(name).delete()
    return {}


def wake() -> dict:
    """Call one that has no replica."""
    if SLEEPER not in there:
        deploy(SLEEPER)
        there[SLEEPER].scale((0, 1), idle_minutes=0.01)
    endpoint = there[SLEEPER]
    until(lambda: not _processes(endpoint, least=0))
    start = time.perf_counter()
    endpoint.call({"data": [1.0] * 6})
    return {"seconds": time.perf_counter() - start}


def end() -> dict:
    """Delete all, and wait until the gateway has ended, which no endpoint is left for."""
    for name in list(there):
        delete(name)
    until(lambda: not (SERVING / "gateway.json").exists(), 30)
    return {}


def _processes(endpoint: Endpoint, least: int = 1) -> list:
    """The gateway and the workers of an endpoint."""
    runs = [run for each in endpoint.deployments.values() for run in _runs(each)]
    status = _status()
    workers = [each["pid"] for each in status["replicas"] if each["run"] in runs and each["pid"]]
    if len(workers) < least:
        raise RuntimeError(f"{endpoint.name} has no worker")
    return [status["pid"], *workers] if workers else []


def _runs(deployment: object) -> list:
    return [each.run for each in deployment.replicas]


def _status() -> dict:
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(SERVING / "control.sock"))
        control.sendall(b'{"do": "status"}\n')
        with control.makefile("rb") as lines:
            return json.loads(lines.readline())


serve({"deploy": deploy, "update": update, "delete": delete, "wake": wake, "end": end})
