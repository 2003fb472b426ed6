"""Logs values with trackio, to its own database on this machine."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

# Before it is imported: where its database lies.
os.environ["TRACKIO_DIR"] = str(Path.cwd() / "trackio")

import trackio
from call_by_call import measured
from serve import serve


def calls(count: int) -> dict:
    """Log values call by call; they are kept when the run has ended."""
    name = uuid.uuid4().hex
    trackio.init(project="bench", name=name, embed=False, auto_log_gpu=False, auto_log_cpu=False)

    def log(number: int, value: float) -> None:
        trackio.log({"loss": value}, step=number)

    return measured(count, log, trackio.finish, "trackio", "bench", name)


serve({"calls": calls})
