"""A Ray head of one's own."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from ports import free_port
from ray.job_submission import JobSubmissionClient
from serve import until


def start(*more: str) -> tuple[int, int]:
    """Start a head that ends with this process; give its port and its dashboard's."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # socket paths must be short
    port, dashboard = free_port(), free_port()
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block"]
    command += [f"--port={port}", f"--dashboard-port={dashboard}", "--temp-dir", folder]
    command += ["--node-ip-address=127.0.0.1", *more]
    with Path("ray.log").open("wb") as log:
        head = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def end() -> None:
        os.killpg(head.pid, 15)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return port, dashboard


def connect() -> tuple[JobSubmissionClient, str]:
    """Start a head with its dashboard; a client of it, and its address."""
    address = f"http://127.0.0.1:{start()[1]}"
    found = []

    def ready() -> bool:
        try:
            found[:] = [JobSubmissionClient(address)]
            found[0].list_jobs()
        except Exception:  # noqa: BLE001 - not up yet
            return False
        return True

    until(ready)
    return found[0], address
