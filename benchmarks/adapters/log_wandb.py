"""Logs values to wandb's files, offline."""

from __future__ import annotations

from pathlib import Path

import wandb
from call_by_call import measured
from serve import serve


def calls(count: int) -> dict:
    """Log values call by call; they are kept when the run has ended."""
    run = wandb.init(project="bench", mode="offline", dir=str(Path.cwd()))
    figures = measured(count, lambda _, value: run.log({"loss": value}), run.finish)
    if not list(Path(run.dir).parent.glob("*.wandb")):
        raise RuntimeError("no file was written")
    return figures


serve({"calls": calls})
