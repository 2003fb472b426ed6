"""Submits with `sbatch --wait`; argv: the cluster's slurm.conf, and the script's interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from serve import burst, serve, single

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPT = str(Path(__file__).resolve().parent / "nothing.py")
os.environ["SLURM_CONF"], interpreter = sys.argv[1:3]


def submit(mark: str) -> Callable[[], None]:
    """Submit the script; see `serve.single`."""
    log = f"{mark}.log"
    words = ["sbatch", "--wait", "--quiet", "--cpus-per-task=4", f"--output={log}"]
    job = subprocess.Popen([*words, f"--wrap={interpreter} {SCRIPT} {mark}"])

    def wait() -> None:
        status = job.wait()
        if status or "begun" not in Path(log).read_text():
            raise RuntimeError(f"the job has ended with {status}")

    return wait


serve({"once": lambda mark: single(submit, mark), "burst": lambda marks: burst(submit, marks)})
