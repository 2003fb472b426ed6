"""MLflow's own server, started for comparisons; run by hand it writes `golden.json` anew."""

import json
import os
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.mlflow.clients import GOLDEN, LINES, running_client, scenarios
from tests.serving.live import free_port
from tests.serving.peers import python_of


@contextmanager
def running_oracle(folder: Path) -> Iterator[str]:
    """Run `mlflow server` on SQLite for the time of a `with` block; give its address.

    Args:
        folder: A new folder for its database and files.
    """
    port = free_port()
    program = python_of("mlflow").parent / "mlflow"
    where = ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    kept = [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        str(folder / "files"),
    ]
    with (folder / "server.out").open("w") as output:
        process = subprocess.Popen(
            [str(program), "server", *where, *kept],
            cwd=folder,
            env={
                **os.environ,
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
                "HOME": str(folder),
            },
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            _wait(f"http://127.0.0.1:{port}/health", process)
            yield f"http://127.0.0.1:{port}"
        finally:
            # It waits for its workers, which wait for whoever keeps a connection open.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(30)


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + 400
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("mlflow server did not start; server.out says why")


def record(folder: Path) -> dict[str, Any]:
    """What MLflow's server answers each client, by scenario."""
    found: dict[str, Any] = {}
    with running_oracle(folder) as url:
        for line in LINES:
            place = folder / f"client-{line}"
            place.mkdir()
            with running_client(line, place) as client:
                for name in scenarios(line):
                    answer = client.see(name, url)
                    if found.setdefault(name, answer) != answer:
                        found[f"{name}@{line}"] = answer
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        told = record(Path(temporary))
    GOLDEN.write_text(json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n")
