"""Sends folders to an MLflow server of its own, which keeps the artifacts, and fetches them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import mlflow
from serve import serve, until


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers() -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


url = f"http://127.0.0.1:{_free_port()}"
here = Path.cwd()
program = str(Path(sys.executable).parent / "mlflow")
words = [program, "server", "--host", "127.0.0.1", "--port", url.rsplit(":", 1)[1]]
words += ["--backend-store-uri", f"sqlite:///{here}/mlflow.db"]
words += ["--artifacts-destination", str(here / "artifacts")]
server = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
until(_answers)
mlflow.set_tracking_uri(url)
mlflow.set_experiment("bench")


def once(source: str, back: str) -> dict:
    """Send, fetch, send again; see `b07_files`."""
    with mlflow.start_run() as run:
        times = [time.perf_counter()]
        mlflow.log_artifacts(source, "in")
        times.append(time.perf_counter())
        mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="in", dst_path=back
        )
        times.append(time.perf_counter())
        mlflow.log_artifacts(source, "again")
        times.append(time.perf_counter())
    for path in Path(back, "in").iterdir():
        shutil.move(str(path), str(Path(back, path.name)))
    Path(back, "in").rmdir()
    names = ("in", "out", "again")
    return {
        name: end - begin for name, begin, end in zip(names, times[:-1], times[1:], strict=True)
    }


serve({"once": once})
