"""Submits through the Ray Jobs API to a head of its own; argv: packages of the runtime_env."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from head import connect
from ray.job_submission import JobStatus
from serve import burst, serve, single, until

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = str(Path(__file__).resolve().parent / "nothing.py")
packages = sys.argv[1:]


client, _ = connect()
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
