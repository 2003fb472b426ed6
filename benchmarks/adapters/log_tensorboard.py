"""Logs values to an event file with TensorBoard's own writer."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from call_by_call import measured
from serve import serve
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter


def calls(count: int) -> dict:
    """Log values call by call; they are kept, though not synced, when the writer has flushed."""
    folder = str(Path.cwd() / uuid.uuid4().hex)
    writer = EventFileWriter(folder)

    def log(number: int, value: float) -> None:
        summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
        writer.add_event(Event(wall_time=time.time(), step=number, summary=summary))

    figures = measured(count, log, writer.flush, "tensorboard", folder)
    writer.close()
    return figures


serve({"calls": calls})
