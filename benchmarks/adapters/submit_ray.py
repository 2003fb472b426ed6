"""Submits through the Ray Jobs API to a head of its own; argv: packages of the runtime_env."""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from ray.job_submission import JobStatus, JobSubmissionClient
from serve import burst, serve, single, until

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = str(Path(__file__).resolve().parent / "nothing.py")
packages = sys.argv[1:]


def free_port() -> int:
    """Give a port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start() -> JobSubmissionClient:
    """Start a head with its dashboard and give a client of it."""
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")  # socket paths must be short
    dashboard = free_port()
    command = [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block"]
    command += [f"--port={free_port()}", f"--dashboard-port={dashboard}", "--temp-dir", folder]
    with Path("ray.log").open("wb") as log:
        head = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def end() -> None:
        os.killpg(head.pid, 15)
        head.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    found = []

    def ready() -> bool:
        try:
            found[:] = [JobSubmissionClient(f"http://127.0.0.1:{dashboard}")]
            found[0].list_jobs()
        except Exception:  # noqa: BLE001 - not up yet
            return False
        return True

    until(ready)
    return found[0]


client = start()
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.STOPPED)


def submit(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    words = " ".join([SCRIPT, mark, *packages])
    job = client.submit_job(
        entrypoint=f"python {words}", runtime_env={"uv": packages} if packages else None
    )

    def wait() -> None:
        until(lambda: client.get_job_status(job) in ENDED)
        status = client.get_job_status(job)
        if status != JobStatus.SUCCEEDED or "begun" not in client.get_job_logs(job):
            raise RuntimeError(f"the job is {status}: {client.get_job_info(job).message}")

    return wait


serve({"once": lambda mark: single(submit, mark), "burst": lambda marks: burst(submit, marks)})
