"""Submits through the Ray Jobs API, to a head of its own; argv: packages of the runtime_env.

`--address=URL` names a head that is there already.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from head import connect
from ray.job_submission import JobStatus, JobSubmissionClient
from serve import burst, modules_of, serve, single, until

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = str(Path(__file__).resolve().parent / "nothing.py")
parser = argparse.ArgumentParser()
parser.add_argument("--address")
parser.add_argument("packages", nargs="*")
told = parser.parse_args()
packages = told.packages
client = JobSubmissionClient(told.address) if told.address else connect()[0]
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.STOPPED)


def submit(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    words = " ".join([SCRIPT, mark, *modules_of(packages)])
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
