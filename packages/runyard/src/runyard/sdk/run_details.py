"""A run as `get_details()` shows it: the v1 SDK's keys and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Optional, Sequence
from urllib.parse import quote

from runyard.protocol import PREFIX

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.files import FileRecord
    from runyard.protocol.jobs import RankRecord
    from runyard.protocol.runs import RunError, RunRecord, RunSpec


def details(
    record: RunRecord,
    spec: Optional[RunSpec],
    files: Iterable[FileRecord],
    service: WorkspaceClient,
    ranks: Sequence[RankRecord] = (),
) -> Dict[str, Any]:
    """Return the dict of a run.

    Args:
        record: The run.
        spec: What was submitted; None for an interactive run.
        files: Its files; the logs among them are listed.
        service: The workspace's client, for addresses.
        ranks: Its processes, where it has several.
    """
    from runyard.protocol.files import LOG_KIND

    found: Dict[str, Any] = {
        "runId": record.id,
        "target": record.target,
        "status": record.status,
    }
    if record.started_at:
        found["startTimeUtc"] = record.started_at
    # v1 has no such key before the end.
    if record.ended_at:
        found["endTimeUtc"] = record.ended_at
    if record.error is not None:
        found["error"] = _error(record.error)
    if record.attempt > 1:
        found["attempt"] = record.attempt
    if record.warnings:
        found["warnings"] = [{"source": "runyard", "message": text} for text in record.warnings]
    found["properties"] = properties(record)
    found["inputDatasets"] = []
    found["outputDatasets"] = []
    if spec is not None:
        found["runDefinition"] = _definition(record, spec)
    logs = [file.path for file in files if file.kind == LOG_KIND]
    found["logFiles"] = {name: file_url(service, record.id, name) for name in logs}
    if ranks:
        found["ranks"] = [_rank(one) for one in ranks]
    found["submittedBy"] = record.submitted_by
    return found


def file_url(service: WorkspaceClient, run_id: str, name: str) -> str:
    """The address of a run's file; it asks for the service's token.

    Args:
        service: The workspace's connection.
        run_id: Id of the run.
        name: The file's path in the run.
    """
    base = f"{service.connection.url}{PREFIX}/workspaces/{quote(service.id)}"
    return f"{base}/runs/{quote(run_id)}/files/{quote(name)}"


def properties(record: RunRecord) -> Dict[str, str]:
    """A run's properties as v1 shows them: its snapshot is one, which nobody has to write."""
    found = dict(record.properties)
    if record.snapshot:
        found.setdefault("ContentSnapshotId", record.snapshot)
    return found


class RunDefinition(Dict[str, Any]):
    """A run's definition; `["Arguments"]` is `["arguments"]`.

    The first releases of v1 began its keys with capitals, and its guides did so to their end.
    """

    def __missing__(self, key: str) -> Any:
        other = str(key)[:1].lower() + str(key)[1:]
        if other not in self:
            raise KeyError(key)
        return self[other]


def argument(text: str, inputs: Iterable[Any], outputs: Iterable[Any]) -> str:
    """An argument as v1 shows it: a dataset's has its kind and name.

    Args:
        text: The argument.
        inputs: The datasets that the run reads.
        outputs: Those that it makes.
    """
    name = text[2:-1] if text.startswith("${") else ""
    if name in [each.name for each in inputs]:
        return f"DatasetConsumptionConfig:{name}"
    return f"DatasetOutputConfig:{name}" if name in [each.name for each in outputs] else text


def _definition(record: RunRecord, spec: RunSpec) -> RunDefinition:
    # What another client submitted has no definition of v1's.
    definition = RunDefinition(spec.definition)
    definition.setdefault("script", spec.script)
    # Of steps and of trials the service writes down what the job is given.
    given = definition.get("arguments", spec.arguments)
    definition["arguments"] = [argument(each, spec.inputs, spec.outputs) for each in given]
    definition.setdefault("target", spec.target)
    definition.setdefault("nodeCount", spec.node_count)
    definition.setdefault("maxRunDurationSeconds", spec.max_duration_seconds)
    if record.name and not definition.get("jobName"):
        definition["jobName"] = record.name
    return definition


def _rank(rank: RankRecord) -> Dict[str, Any]:
    return {
        "rank": rank.rank,
        "name": rank.name,
        "node": rank.node_name,
        "host": rank.host,
        "status": rank.state,
        "exitCode": rank.exit_code,
        "logFile": rank.log,
        "cpuSeconds": rank.cpu_seconds,
        "memoryBytes": rank.memory_bytes,
        "peakMemoryBytes": rank.peak_memory_bytes,
    }


def _error(error: RunError) -> Dict[str, Any]:
    inner: Dict[str, Any] = {"message": error.message, "code": error.code}
    more = {"exitCode": error.exit_code, "signal": error.signal, "logTail": error.log_tail}
    inner.update({key: value for key, value in more.items() if value not in (None, "")})
    inner["details"] = []
    return {"error": inner, "time": error.time}
