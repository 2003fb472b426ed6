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
