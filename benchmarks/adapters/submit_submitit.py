"""Submits with submitit's local executor."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import submitit
from serve import burst, serve, single

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = str(Path(__file__).resolve().parent / "nothing.py")
executor = submitit.LocalExecutor("submitit")


def run_script(mark: str) -> None:
    """Run the script in the job's process."""
    sys.argv = [SCRIPT, mark]
    runpy.run_path(SCRIPT, run_name="__main__")


def submit(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    job = executor.submit(run_script, mark)

    def wait() -> None:
        job.result()
        if "begun" not in (job.stdout() or ""):
            raise RuntimeError("the log lacks its line")

    return wait


serve({"once": lambda mark: single(submit, mark), "burst": lambda marks: burst(submit, marks)})
