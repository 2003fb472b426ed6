"""Steps that are sweeps: begun below their step run, and ended with it.

The sweep's id follows from that of the step run, so a service that is killed between the two
begins no second one. What a step is to hand on (the metrics of all trials, a file of the best one)
is written to its place before the step run completes.
"""

import io
import json
from dataclasses import replace
from typing import Any

from runyard.protocol import runs as states
from runyard.protocol.dataset_paths import output_path
from runyard.protocol.errors import RunFileNotFound, RunyardError
from runyard.protocol.files import FileQuery
from runyard.protocol.metrics import MetricQuery
from runyard.protocol.pipelines import NodeOutput, NodeSpec
from runyard.protocol.runs import TERMINAL, RunError
from runyard.protocol.sweeps import CreateSweep, TrialQuery
from runyard_server.core import specs
from runyard_server.core.clock import iso
from runyard_server.core.datastore_files import files_of
from runyard_server.core.lifecycle import end
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import inherited_environment
from runyard_server.operations import files, metrics, sweeps
from runyard_server.store import runs
from runyard_server.store.folders import Body
from runyard_server.store.runs import RunRow

METRICS = "metrics"


def follow(system: System, run: RunRow, step: RunRow, node: NodeSpec) -> bool:
    """Begin the sweep of a step that has begun, or end the step as its sweep has ended.

    Args:
        system: The service's parts.
        run: The pipeline's run.
        step: The step's run.
        node: The step.

    Returns:
        Whether the step has ended.
    """
    sweep = f"HD_{step.id}"
    child = system.read(lambda work: runs.find(work.connection, step.workspace, sweep))
    if child is None:
        _begin(system, run, step, node, sweep)
        return False
    if child.status not in TERMINAL:
        return False
    error = child.error
    if child.status == states.COMPLETED:
        try:
            _hand_on(system, step, node, sweep)
        except (RunyardError, OSError) as fault:
            told = getattr(fault, "message", str(fault))
            error = RunError("UserError", f"what the sweep made cannot be handed on: {told}")

    def write(work: Work) -> bool:
        fresh = runs.by_key(work.connection, step.key)
        if fresh is None or not fresh.active:
            return False
        failed = error is not None and child.status != states.CANCELED
        status = states.FAILED if failed else child.status
        told = None if error is None else replace(error, time=error.time or iso(work.now))
        end(work, fresh, status, told if failed else None)
        return True

    return system.write(write)


def _begin(system: System, run: RunRow, step: RunRow, node: NodeSpec, sweep: str) -> None:
    assert node.sweep is not None
    spec = system.read(lambda work: specs.of_run(work, step.key))
    body = CreateSweep(
        spec=replace(node.sweep, experiment=step.experiment, base=spec),
        run_id=sweep,
        inherited=inherited_environment.inherited(system, run.id) if node.inherits else {},
        submitted_by=step.submitted_by,
        parent=step.id,
        submitted_from=step.submitted_from,
    )
    try:
        sweeps.create(system, step.workspace, body)
    except RunyardError as error:
        told = error.message

        def write(work: Work) -> None:
            fresh = runs.by_key(work.connection, step.key)
            if fresh is not None:
                end(work, fresh, states.FAILED, RunError("UserError", told, iso(work.now)))

        system.write(write)


def _hand_on(system: System, step: RunRow, node: NodeSpec, sweep: str) -> None:
    """Write what the step hands on to its places.

    Raises:
        RunyardError: No trial has what is wanted.
        OSError: It cannot be written.
    """
    for output in node.outputs:
        if output.taken == METRICS:
            text = _metrics(system, step.workspace, sweep)
            _write(system, step, output, "", io.BytesIO(text))
        elif output.taken:
            _hand_on_files(system, step, output, sweep)


def _metrics(system: System, workspace: str, sweep: str) -> bytes:
    """The metrics of all trials as JSON: by run and name, each a list of values."""
    found: dict[str, dict[str, list[Any]]] = {}
    token: str | None = None
    while True:
        page = sweeps.trials(system, workspace, sweep, TrialQuery(page_token=token))
        for trial in page.items:
            if trial.run is not None:
                series = metrics.list_(system, workspace, trial.run, MetricQuery()).series
                found[trial.run] = {one.name: list(one.values) for one in series}
        token = page.next_page_token
        if token is None:
            return json.dumps(found).encode()


def _hand_on_files(system: System, step: RunRow, output: NodeOutput, sweep: str) -> None:
    best = sweeps.get(system, step.workspace, sweep).best
    if best is None or best.run is None:
        raise RunFileNotFound("no trial has logged the metric, so none is the best")
    found = _paths(system, step.workspace, best.run, output.taken)
    wanted = [path for path in found if path == output.taken]
    wanted = wanted or [path for path in found if path.startswith(f"{output.taken}/")]
    if not wanted:
        raise files.not_found(system, step.workspace, best.run, output.taken)
    for path in wanted:
        content = files.read(system, step.workspace, best.run, path)
        below = path[len(output.taken) :].lstrip("/")
        with content.open(0, content.size) as stream:
            _write(system, step, output, below, stream)


def _paths(system: System, workspace: str, run: str, prefix: str) -> list[str]:
    """The files of a run whose paths begin so, of all pages."""
    query, found = FileQuery(prefix=prefix), []
    while True:
        page = files.list_(system, workspace, run, query)
        found += [file.path for file in page.items]
        if page.next_page_token is None:
            return found
        query = replace(query, page_token=page.next_page_token)


def _write(system: System, step: RunRow, output: NodeOutput, below: str, content: Body) -> None:
    path = output_path(output.path, step.id, output.name)
    place = f"{path}/{below}" if below else path
    store = files_of(system, step.workspace, output.datastore)
    # Twice is harmless: a service that was killed in between writes the same bytes again.
    store.write(place, content, overwrite=True)
