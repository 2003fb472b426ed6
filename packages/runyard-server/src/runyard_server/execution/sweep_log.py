"""What a sweep tells: its log, one fact a line, and what v1's parent run shows.

The lines are events of the sweep, written with what they tell of, and the file is made of them:
after a kill it is brought to what the events say, so no line is lost or doubled.

    [2020-01-10T19:16:36.703641][SCHEDULER][INFO]Scheduling job, id='HD_…_0'
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from runyard.protocol import events as kinds
from runyard.protocol.metrics import ROW
from runyard.protocol.sweeps import SWEEP_LOG, SweepSpec
from runyard_server.core import events
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import events as event_rows
from runyard_server.store import metrics, runs
from runyard_server.store.events import EventRow
from runyard_server.store.metrics import SegmentRow, SeriesRow
from runyard_server.store.segments import Points, pack
from runyard_server.store.subjects import Subject
from runyard_server.store.sweeps import SweepRow

API, GENERATOR, SCHEDULER = "API", "GENERATOR", "SCHEDULER"
ENFORCER, CONTROLLER = "ENFORCER", "CONTROLLER"
INFO, WARNING, ERROR = "INFO", "WARNING", "ERROR"
BEST_CHILDREN = "best_child_by_primary_metric"
_BATCH = 1000


def line(part: str, text: str, level: str = INFO) -> EventDraft:
    """A line of the log.

    Args:
        part: Who tells it: one of the five of this module.
        text: What it tells.
        level: How bad it is.
    """
    return EventDraft(kinds.STAGE, " ".join(text.split()), data={"part": part, "level": level})


def beginning(spec: SweepSpec) -> list[EventDraft]:
    """The lines that the log of a sweep begins with."""
    count = "" if spec.max_trials is None else f" '{spec.max_trials}'"
    lines = [
        line(API, "Experiment created"),
        line(GENERATOR, f"Trying to sample{count} jobs from the hyperparameter space"),
    ]
    if spec.base is not None:
        text = "The execution environment is being prepared. Please be patient as it can take"
        lines.append(line(SCHEDULER, f"{text} a few minutes."))
    return lines


def v1_names(spec: SweepSpec, row: SweepRow) -> tuple[dict[str, str | None], dict[str, str]]:
    """The tags and properties that v1's parent run has and that follow from the spec.

    Args:
        spec: What was asked for.
        row: The sweep.
    """
    primary = _json({"name": spec.objectives[0].name, "goal": spec.objectives[0].goal})
    seconds = spec.max_duration_seconds
    limits = {
        "max_total_jobs": spec.max_trials,
        "max_concurrent_jobs": spec.parallel or spec.max_trials,
        "max_duration_minutes": None if seconds is None else int(seconds // 60),
    }
    tags: dict[str, str | None] = {
        name: str(value) for name, value in limits.items() if value is not None
    }
    tags["primary_metric_config"] = primary
    properties = {
        "primary_metric_config": primary,
        "resume_from": _json(spec.resume_from) if spec.resume_from else "null",
        "runTemplate": "HyperDrive",
        "azureml.runsource": "hyperdrive",
        "platform": "AML",
        "ContentSnapshotId": "" if spec.base is None else spec.base.snapshot,
    }
    if row.space_size is not None:
        properties["space_size"] = str(row.space_size)
    return tags, properties


def write(work: Work, sweep: Subject, lines: Sequence[EventDraft]) -> None:
    """Write lines down; `deliver` brings them into the file.

    Args:
        work: The unit of work.
        sweep: The sweep.
        lines: The lines.
    """
    events.append(work, sweep, lines)


class LogPlace:
    """How far the file of one sweep has come: the last event in it, and its bytes."""

    __slots__ = ("number", "size")

    def __init__(self) -> None:
        self.number = 0
        self.size = 0


def deliver(system: System, sweep: Subject, place: LogPlace) -> None:
    """Bring the log file to what the events say.

    Args:
        system: The service's parts.
        sweep: The sweep.
        place: How far it has come; a new one makes sure of the whole file.
    """
    while True:
        found = system.read(
            lambda work: event_rows.page(work.connection, sweep, place.number, _BATCH)
        )
        if not found:
            return
        data = "".join(map(_text, found)).encode()
        if data:
            # At its place in the file: what a killed service had appended already is not there
            # twice.
            system.logs.append(sweep.workspace, sweep.id, SWEEP_LOG, place.size, io.BytesIO(data))
            place.size += len(data)
            system.notices.changed(run_topic(sweep.workspace, sweep.id))
        place.number = found[-1].number


def show_best(work: Work, run_key: int, spec: SweepSpec, best: tuple[str, float]) -> None:
    """Have v1's parent run show that another child is the best now.

    Args:
        work: The unit of work.
        run_key: Key of the parent's row.
        spec: What was asked for.
        best: Id of the child, and its value.
    """
    run, value = best
    shown = {
        # All digits: scripts turn the text into a number again.
        "score": repr(value),
        "best_child_run_id": run,
        "best_metric_status": "Succeeded",
    }
    runs.set_properties(work.connection, run_key, shown)
    _add_row(work, run_key, _best_row(work, spec, best, final=False))


def show_final(work: Work, run_key: int, spec: SweepSpec, best: tuple[str, float]) -> None:
    """Have v1's parent run show that this child has remained the best.

    Args:
        work: The unit of work.
        run_key: Key of the parent's row.
        spec: What was asked for.
        best: Id of the child, and its value.
    """
    _add_row(work, run_key, _best_row(work, spec, best, final=True))


def _json(value: object) -> str:
    # With the blanks that `json.dumps` writes, which v1 scripts print.
    return json.dumps(value)


def _text(event: EventRow) -> str:
    part = event.data.get("part")
    if part is None:
        return ""
    time = iso(event.time).rstrip("Z")
    return f"[{time}][{part}][{event.data.get('level', INFO)}]{event.message}\n"


def _best_row(
    work: Work, spec: SweepSpec, best: tuple[str, float], *, final: bool
) -> Mapping[str, Any]:
    run, value = best
    return {
        "metric_name": spec.objectives[0].name,
        "timestamp": iso(work.now),
        "run_id": run,
        "metric_value": value,
        "final": final,
    }


def _add_row(work: Work, run_key: int, row: Mapping[str, Any]) -> None:
    known = metrics.series_named(work.connection, run_key, [BEST_CHILDREN]).get(BEST_CHILDREN)
    if known is None:
        known = SeriesRow(run_key, BEST_CHILDREN, ROW)
        metrics.add_series(work.connection, [known])
    encoding, payload = pack(Points([row], [None], [work.now]))
    segment = SegmentRow(known.id, known.count, 1, encoding, payload)
    metrics.add_segments(work.connection, [segment])
    known.count += 1
    metrics.change_series(work.connection, [known])
