"""Whether an equal step has completed before, and if not, what was different.

Asked just before a step would begin, when all that it reads is known. A result counts while its
run is there and what it made lies there unchanged. Without a lock nothing can be equal yet: a step
whose environment nobody has made runs, and its result is found from then on.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from runyard.protocol import runs as states
from runyard.protocol.environments import EnvironmentDefinition, LockRecord
from runyard.protocol.pipelines import NodeOutput, NodeSpec, OutputRecord
from runyard.protocol.runs import LauncherSpec, RunSpec
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.environments import interpreters
from runyard_server.environments.environments import user_managed_interpreter
from runyard_server.operations import pipeline_data, pipeline_specs
from runyard_server.operations.pipeline_data import Reading
from runyard_server.pipelines import keys
from runyard_server.pipelines.keys import Parts, Read
from runyard_server.store import pipelines, runs, snapshots
from runyard_server.store.pipelines import NodeRow, ResultRow
from runyard_server.store.runs import RunRow

_PARTS = msgspec.json.Decoder(Parts)
_PREFIX = "AZUREML_DATAREFERENCE_"
REUSE = "runyard.reuse"
LockOf = Callable[[RunRow, EnvironmentDefinition], tuple[LockRecord | None, bool]]
"""Gives the lock of an environment for a run's nodes, None while there is none; and: with GPUs?"""
# Of equal results the newest is asked first; further ones only where its files were changed.
_MOST_RESULTS = 5


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out about a step.

    Args:
        digest: What makes it equal to others; "" where that is not asked, or not known.
        parts: What that is made of.
        reason: Why it runs, in words.
        result: What stands for it, if anything does.
        unread: How much of what it reads must be read first, "" of nothing.
    """

    digest: str = ""
    parts: Parts | None = None
    reason: str = ""
    result: ResultRow | None = None
    unread: str = ""


def look(
    system: System,
    step: RunRow,
    node: NodeSpec,
    made: pipeline_specs.Made,
    lock_of: LockOf,
    reading: Reading,
) -> Found:
    """Find a result that may stand for a step, or why there is none.

    Args:
        system: The service's parts.
        step: The step's run.
        node: The step.
        made: What the steps before it have made.
        lock_of: Gives the lock of an environment for a run's nodes.
        reading: For how long bytes may be read.

    Raises:
        RunyardError: Something that it reads is not there.
    """
    if not node.allow_reuse:
        return Found(reason="runs: allow_reuse=False")
    read, unread = _read(system, step.workspace, node, made, reading)
    if unread:
        return Found(unread=unread)
    lock, gpu = lock_of(step, node.run.environment)

    def ask(work: Work) -> tuple[Parts, list[ResultRow], ResultRow | None]:
        now = _parts(work, step.workspace, node, read, gpu=gpu)
        if lock is None:
            return now, [], None
        now = with_lock(now, lock)
        connection, workspace = work.connection, step.workspace
        found = pipelines.results(connection, workspace, keys.digest(now), _MOST_RESULTS)
        still = [each for each in found if _counts(work, workspace, each)]
        return now, still, pipelines.newest_named(connection, workspace, node.name)

    now, found, before = system.read(ask)
    if lock is None:
        read = _with_files(system, node, made, now.inputs, step.workspace, reading)
        return Found(parts=replace(now, inputs=read), reason="runs: its environment is new")
    digest = keys.digest(now)
    for result in found:
        if pipeline_data.is_unchanged(system, step.workspace, result.outputs, reading):
            return Found(digest, now, result=result)
    # Only of what runs: people are told which files of it differ, the next time.
    now = replace(now, inputs=_with_files(system, node, made, now.inputs, step.workspace, reading))
    earlier = None if before is None else _PARTS.decode(before.parts)
    return Found(digest, now, f"runs: {keys.why(now, earlier)}")


def kept(
    node: NodeSpec, row: NodeRow, step: RunRow, lock: LockRecord, made: list[OutputRecord]
) -> ResultRow | None:
    """What is kept of a step that has completed; None where it may not be reused.

    Args:
        node: The step.
        row: Its row.
        step: Its run.
        lock: What its environment was made of.
        made: What it has made.
    """
    if not node.allow_reuse or not row.parts:
        return None
    # What it was made of is what the run says: it may have been unknown when the step began.
    parts = with_lock(_PARTS.decode(row.parts), lock)
    return ResultRow(step.key, step.workspace, keys.digest(parts), node.name, text_of(parts), made)


def with_lock(parts: Parts, lock: LockRecord) -> Parts:
    """What decides about a step, with its environment."""
    own = user_managed_interpreter(lock)
    if not own:
        return replace(parts, environment=lock.digest, packages=lock.requirements.splitlines())
    # Its lock is a path, and what is installed there is nobody's but the user's to change.
    there = interpreters.contents(own)
    digest = hashlib.sha256("\0".join((lock.digest, *there)).encode()).hexdigest()
    return replace(parts, environment=digest, packages=there)


def text_of(parts: Parts) -> str:
    """What decides about a step as it is kept."""
    return msgspec.json.encode(parts).decode()


def told(first: RunRow) -> dict[str, str]:
    """The properties of a step run that was reused, by v1's names and ours.

    Args:
        first: The run whose results it has.
    """
    above = first.parent or ""
    return {
        "azureml.isreused": "true",
        states.REUSED_RUN: first.id,
        "azureml.reusedpipelinerunid": above,
        "azureml.reusedpipeline": above,
        REUSE: f"reused from {first.id}",
    }


def _read(
    system: System, workspace: str, node: NodeSpec, made: pipeline_specs.Made, reading: Reading
) -> tuple[list[Read], str]:
    """What a step reads, and how much of it is yet to be read."""
    found = []
    for each in node.inputs:
        before = made.get((each.node, each.output))
        content = pipeline_data.of_input(system, workspace, each, before, reading)
        if content.unread:
            return [], content.unread
        found.append(Read(each.name, content.digest, each.mode, content.files))
    for reference in node.run.data:
        place = (reference.datastore, reference.path)
        content = pipeline_data.of_place(system, workspace, *place, reading)
        if content.unread:
            return [], content.unread
        found.append(Read(reference.name, content.digest, reference.mode, content.files))
    for given in node.run.inputs:
        content = pipeline_data.of_dataset(system, workspace, given.dataset, reading)
        if content.unread:
            return [], content.unread
        found.append(Read(given.name, content.digest, given.mode, content.files))
    return found, ""


def _with_files(
    system: System,
    node: NodeSpec,
    made: pipeline_specs.Made,
    read: list[Read],
    workspace: str,
    reading: Reading,
) -> list[Read]:
    """What a step reads, with the files of what other steps have made."""
    found = list(read)
    for at, each in enumerate(node.inputs):
        before = made.get((each.node, each.output))
        if before is not None and not found[at].files:
            marks = pipeline_data.files_of_made(system, workspace, before, reading)
            found[at] = replace(found[at], files=marks)
    return found


def _parts(work: Work, workspace: str, node: NodeSpec, read: list[Read], *, gpu: bool) -> Parts:
    run = node.run
    source = snapshots.find(work.connection, workspace, run.snapshot)
    ports = [*(each.name for each in node.inputs), *(each.name for each in node.outputs)]
    named = [name for port in ports for name in (f"{_PREFIX}{port}", port)]
    values = {pipeline_specs.variable(name): "" for name in node.parameters}
    values = {name: run.environment_variables.get(name, "") for name in values}
    # A parameter among the arguments counts by its value; its name is nobody's content.
    spelt = keys.mentioned([*run.arguments, *run.command]) & set(values)
    sweep = {} if node.sweep is None else msgspec.to_builtins(node.sweep)
    # A command may end with its arguments: told apart, people hear which of the two has changed.
    tail = len(run.arguments)
    split = tail and run.command[-tail:] == run.arguments
    command = run.command[:-tail] if split else run.command
    return Parts(
        kind=node.kind,
        source={} if source is None else {file.path: file.digest for file in source.files},
        script=[run.script, *keys.plain(command, named, values)],
        arguments=keys.plain(run.arguments, named, values),
        launcher={
            **_launcher(run.launcher, ports),
            "node_count": run.node_count,
            **_image(run),
        },
        environment="",
        variables={k: v for k, v in run.environment_variables.items() if k not in spelt},
        gpu=gpu,
        inputs=read,
        outputs=[_made(each) for each in node.outputs],
        version=node.version,
        # The base is the node's run, and the experiment's name no content.
        sweep={k: v for k, v in sweep.items() if k not in ("base", "experiment")},
    )


def _image(run: RunSpec) -> dict[str, object]:
    """The image that a step names; nothing for others, whose keys stay what they were."""
    named = run.container and (run.container.image or run.container.dockerfile)
    return {"image": named} if named else {}


def _launcher(launcher: LauncherSpec, ports: list[str]) -> dict[str, object]:
    """How processes are started, and of batches all that decides about their results."""
    found: dict[str, Any] = msgspec.to_builtins(launcher)
    batches = found.pop("parallel")
    if batches is None:
        return found
    # Ports are numbers, as among arguments; how much a script logs is no result of it.
    del batches["logging_level"]
    if not batches["partition_keys"]:
        # It came later, and what was made before it is as good.
        del batches["partition_keys"]
    batches["inputs"] = [ports.index(name) for name in batches["inputs"]]
    batches["output"] = ports.index(batches["output"]) if batches["output"] else None
    return {**found, "parallel": batches}


def _made(output: NodeOutput) -> dict[str, object]:
    """What decides about an output: neither its name nor its place."""
    definition = {} if output.made is None else dict(output.made.definition)
    return {
        "mode": output.mode,
        "dataset": output.made is not None,
        "definition": definition,
        "taken": output.taken,
    }


def _counts(work: Work, workspace: str, result: ResultRow) -> bool:
    """Whether the run of a result is there, and completed; one in the trash is not."""
    run = runs.by_key(work.connection, result.run_key)
    return run is not None and run.workspace == workspace and run.status == states.COMPLETED
