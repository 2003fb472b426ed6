"""B12: inference: the same small model over HTTP, and a bare application that computes nothing."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from typing import TYPE_CHECKING

import load
import peers
from load import Request
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from served import SCORED, Deployed, Served, answer, processor_seconds

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECONDS = 2
UPDATE_SECONDS = 4
CONNECTIONS, LARGE_CONNECTIONS = 32, 4
PEER_PASSES = 2
MEGABYTE = 1 << 20
JSON = {"Content-Type": "application/json"}
ROW = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
RESULT = b"80.5"
LIMIT_NAME = "bare ASGI application"

SMALL = Request(json.dumps({"data": ROW}).encode("ascii"), headers=JSON)
LARGE = Request(b"x" * MEGABYTE, headers=JSON)


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    floor = _bare(ours)
    cases = [Case(LIMIT_NAME, LIMIT, lambda: _loaded(floor), floor.close)]
    for name, kind, peer in peers.of_ours("Runyard", ours, installed):
        deployed = Deployed(peer, SCORED / "score.py", SMALL, LARGE)
        cases.append(Case(name, kind, _whole(deployed), deployed.close))
    for name, make in PEERS.items():
        if name in installed:
            served = make(installed[name])
            title = f"{TITLES[name]} ({installed[name].version})"
            cases.append(Case(title, PEER, _of(served), served.close, PEER_PASSES))
    return Benchmark("B12", "Inference", _about(), _quantities(), cases, least_passes=3)


def _about() -> str:
    return (
        "A dot product in plain Python behind HTTP: the same function in each server, one worker "
        f"process, loaded by {load.told()} over connections that are kept. Runyard's endpoint is "
        "asked with its key. The bare application (uvicorn, httptools, uvloop) reads the body and "
        "sends as many bytes, and calls no model. Processor time is that of all processes of the "
        f"server, for Runyard of gateway and worker. {CONNECTIONS} connections with a body of "
        f"{len(SMALL.body)} bytes; one connection with the same; {LARGE_CONNECTIONS} with a body "
        "of a megabyte, which is not parsed. Ready: from the deployment to the first right answer, "
        "for the others from the start of the process, without an environment to make. From none: "
        f"a call to an endpoint without a replica. Then updates for {UPDATE_SECONDS} s, one after "
        f"another, under load of {CONNECTIONS} connections; any request that fails fails the case."
    )


def _quantities() -> list[Quantity]:
    return [
        Quantity(
            "cpu",
            "processor time of a request",
            "µs",
            "that of the bare one",
            plotted=True,
            paired=True,
        ),
        Quantity("rate", "at 32", "requests/s", "0.8 of the bare one", plotted=True, paired=True),
        Quantity("p50", "median at 1", "µs", "at most 60 µs over the bare one", added=True),
        Quantity("p99", "99 % at 1", "µs"),
        Quantity("large", "processor time of 1 MB", "ms", paired=True),
        Quantity("ready", "ready", "s"),
        Quantity("wake", "from none", "s"),
        Quantity("updates", "updates", ""),
        Quantity("failed", "failed then", "", "none"),
    ]


def keras(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The same with a small network in Keras, where TensorFlow can be installed."""
    cases = []
    if "keras" in installed:
        python = installed["keras"].python
        body = json.dumps({"data": [[0.5] * 784]}).encode("ascii")
        asked = Request(body, headers=JSON)

        def command(port: int, _: Path) -> list[str]:
            return [str(python), str(SCORED / "floor.py"), str(port), "score_keras"]

        bare = Served(python, command, asked, asked)
        cases.append(
            Case("the model in a bare ASGI application", LIMIT, _network(bare), bare.close)
        )
        for name, kind, peer in peers.of_ours("Runyard", ours, installed):
            script = SCORED / "score_keras.py"
            deployed = Deployed(peer, script, asked, asked, python)
            cases.append(Case(name, kind, _network(deployed), deployed.close))
    return Benchmark(
        "B12-keras",
        "Inference with Keras",
        "784 numbers as JSON through a network of 300, 100 and 10 in Keras on TensorFlow, in one "
        "process each, otherwise as B12. Without Runyard it is called in a bare application, "
        "which answers nothing else meanwhile. Ready includes the import of TensorFlow.",
        [
            Quantity("cpu", "processor time of a request", "µs", paired=True),
            Quantity("rate", "at 32", "requests/s", plotted=True, paired=True),
            Quantity("p50", "median at 1", "µs", added=True),
            Quantity("ready", "ready", "s"),
        ],
        cases,
        least_passes=3,
    )


def _network(served: Served | Deployed) -> Callable[[], Figures]:
    def once() -> Figures:
        try:
            figures = {"ready": served.start()}
            asked, _ = served.requests()
            load.load(served.port, asked, CONNECTIONS, 1)
            _measure_small(served, asked, figures)
        finally:
            served.end()
        return figures

    return once


def _of(served: Served) -> Callable[[], Figures]:
    return lambda: _loaded(served)


def _loaded(served: Served | Deployed, *more: Callable[[Figures], None]) -> Figures:
    """Start, load and end a server."""
    try:
        figures = {"ready": served.start()}
        small, large = served.requests()
        _check(served.port, small)
        load.load(served.port, small, CONNECTIONS, 1)
        _measure(served, small, large, figures)
        _check(served.port, small)
        for each in more:
            each(figures)
    finally:
        served.end()
    return figures


def _whole(deployed: Deployed) -> Callable[[], Figures]:
    """Load an endpoint, wake another, and update the first under load."""

    def wake(figures: Figures) -> None:
        figures["wake"] = deployed.wake()

    def update(figures: Figures) -> None:
        figures["updates"], figures["failed"] = _updated(deployed)

    return lambda: _loaded(deployed, wake, update)


def _measure(served: Served | Deployed, small: Request, large: Request, figures: Figures) -> None:
    _measure_small(served, small, figures)
    pids, port = served.pids(), served.port
    spent = processor_seconds(pids)
    heavy = _sound(load.load(port, large, LARGE_CONNECTIONS, SECONDS))
    figures["large"] = (processor_seconds(pids) - spent) / heavy.requests * 1e3


def _measure_small(served: Served | Deployed, small: Request, figures: Figures) -> None:
    pids, port = served.pids(), served.port
    spent = processor_seconds(pids)
    many = _sound(load.load(port, small, CONNECTIONS, SECONDS))
    figures["cpu"] = (processor_seconds(pids) - spent) / many.requests * 1e6
    figures["rate"] = many.requests / many.seconds
    one = _sound(load.load(port, small, 1, SECONDS))
    figures["p50"], figures["p99"] = one.p50, one.p99


def _updated(deployed: Deployed) -> tuple[float, float]:
    """Update under load; how many updates, and how many requests failed."""
    small, _ = deployed.requests()
    done: list[int] = []
    errors: list[Exception] = []

    def update() -> None:
        try:
            # The load begins before the first and ends after the last.
            time.sleep(0.5)
            done.append(deployed.update(UPDATE_SECONDS - 0.5))
        except Exception as error:  # noqa: BLE001 - told by the thread that waits
            errors.append(error)

    thread = threading.Thread(target=update)
    thread.start()
    failed = 0
    while thread.is_alive():
        failed += load.load(deployed.port, small, CONNECTIONS, 1).failed
    thread.join()
    if errors:
        raise errors[0]
    if failed:
        raise RuntimeError(f"{failed} requests failed during {done[0]} updates")
    return float(done[0]), float(failed)


def _sound(loaded: load.Loaded) -> load.Loaded:
    if loaded.failed:
        raise RuntimeError(f"{loaded.failed} of {loaded.requests} requests failed")
    return loaded


def _check(port: int, request: Request) -> None:
    status, body = answer(port, request)
    if status != 200 or RESULT not in body:
        raise RuntimeError(f"a wrong answer, {status}: {body[:200]!r}")


def _bare(peer: peers.Peer) -> Served:
    def command(port: int, _: Path) -> list[str]:
        return [str(peer.python), str(SCORED / "floor.py"), str(port)]

    return Served(peer.python, command, SMALL, LARGE)


def _reference(peer: peers.Peer) -> Served:
    def command(port: int, _: Path) -> list[str]:
        words = [peer.program("azmlinfsrv"), "--entry_script", str(SCORED / "score.py")]
        return [*words, "--port", str(port), "--worker_count", "1"]

    return Served(peer.python, command, SMALL, LARGE)


def _mlserver(peer: peers.Peer) -> Served:
    def tensor(kind: str, data: list[object]) -> Request:
        given = {"name": "data", "shape": [len(data)], "datatype": kind, "data": data}
        body = json.dumps({"inputs": [given]}).encode("ascii")
        return Request(body, "/v2/models/dot/infer", JSON)

    def command(_: int, folder: Path) -> list[str]:
        return [peer.program("mlserver"), "start", str(folder / "served")]

    def prepare(folder: Path, _: dict[str, str]) -> None:
        place = folder / "served"
        place.mkdir()
        model = {"name": "dot", "implementation": "runtime.Dot"}
        (place / "model-settings.json").write_text(json.dumps(model))
        # In process, which is its quickest.
        quiet = {"debug": False, "parallel_workers": 0, "metrics_endpoint": None}
        (place / "settings.json").write_text(json.dumps(quiet))

    return _OnPorts(
        peer.python,
        command,
        tensor("FP64", list(ROW)),
        tensor("BYTES", ["x" * MEGABYTE]),
        {"PYTHONPATH": str(SCORED)},
        prepare,
    )


class _OnPorts(Served):
    """MLServer takes its ports from variables."""

    def _variables(self) -> dict[str, str]:
        ports = {
            "MLSERVER_HOST": load.HOST,
            "MLSERVER_HTTP_PORT": str(self.port),
            # Any: the next one may be a client's of a moment ago.
            "MLSERVER_GRPC_PORT": "0",
        }
        return {**super()._variables(), **ports}


def _mlflow(peer: peers.Peer) -> Served:
    def rows(data: list[object]) -> Request:
        body = json.dumps({"inputs": {"data": [data]}}).encode("ascii")
        return Request(body, "/invocations", JSON)

    def command(port: int, folder: Path) -> list[str]:
        words = [peer.program("mlflow"), "models", "serve", "--model-uri", str(folder / "model")]
        words += ["--host", load.HOST, "--port", str(port), "--workers", "1"]
        return [*words, "--env-manager", "local"]

    def prepare(folder: Path, variables: dict[str, str]) -> None:
        words = [str(peer.python), str(SCORED / "pyfunc.py"), str(folder / "model")]
        done = subprocess.run(
            words, env=variables, cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(f"the model could not be saved: {done.stderr[-500:]}")

    body = json.dumps({"inputs": {"data": ["x" * MEGABYTE]}}).encode("ascii")
    large = Request(body, "/invocations", JSON)
    return Served(peer.python, command, rows(list(ROW)), large, {}, prepare)


PEERS = {"azureml-inference-server": _reference, "mlserver": _mlserver, "mlflow": _mlflow}
TITLES = {
    "azureml-inference-server": "azureml-inference-server-http",
    "mlserver": "MLServer",
    "mlflow": "mlflow models serve",
}
