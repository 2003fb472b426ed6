"""What the replicas of a revision run: code, models and settings, composed as one snapshot.

    <source directory>/…               the code
    azureml-models/<name>/<version>/…  the models
    .runyard/serving.json              what the model worker needs to know

All of it are contents that are stored already but the last, so composing copies nothing.
"""

import io
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from runyard.protocol.endpoints import MODELS_FOLDER, DeploymentSpec
from runyard.protocol.files import FileEntry
from runyard.protocol.serving import SERVING_FILE, WorkerSpec, served_model, worker_spec
from runyard.protocol.snapshots import snapshot_id
from runyard_server.core import holding
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import snapshots
from runyard_server.store.models import ModelRow
from runyard_server.store.snapshots import SnapshotRow

ModelFiles = tuple[ModelRow, Sequence[FileEntry]]


@dataclass(frozen=True, slots=True)
class Names:
    """What a revision is called."""

    workspace: str
    endpoint: str
    deployment: str
    revision: int


def compose(
    system: System,
    spec: DeploymentSpec,
    code: Sequence[FileEntry],
    models: Sequence[ModelFiles],
    named: Names,
) -> SnapshotRow:
    """Compose what the replicas of a deployment run; nothing is written down but its settings.

    Args:
        system: The service's parts.
        spec: What is deployed.
        code: The files of its code.
        models: The models with their files.
        named: What it is called.
    """
    settings = msgspec.json.encode(_settings(spec, models, named))
    digest, size = holding.stored(system, io.BytesIO(settings))
    files = [FileEntry(SERVING_FILE, digest, size)]
    for each in code:
        path = posixpath.join(spec.source_directory, each.path)
        files.append(FileEntry(path, each.digest, each.size, each.executable))
    for model, contents in models:
        below = f"{MODELS_FOLDER}/{model.name}/{model.version}"
        files += [FileEntry(f"{below}/{e.path}", e.digest, e.size) for e in contents]
    files.sort(key=lambda each: each.path)
    total = sum(each.size for each in files)
    return SnapshotRow(named.workspace, snapshot_id(files), total, files, 0)


def keep(work: Work, row: SnapshotRow) -> None:
    """Write a composed snapshot down; the same files are the same snapshot."""
    if snapshots.find(work.connection, row.workspace, row.id) is None:
        holding.claim(work, [entry.digest for entry in row.files])
        snapshots.add(
            work.connection,
            SnapshotRow(row.workspace, row.id, row.size, row.files, work.now),
        )
    else:
        # A pass of the collector that is under way has asked before what is deployed.
        snapshots.renew(work.connection, row.workspace, row.id, work.now)


def _settings(spec: DeploymentSpec, models: Sequence[ModelFiles], named: Names) -> WorkerSpec:
    served = [
        served_model(model.name, model.version, model.framework, model.framework_version)
        for model, _ in models
    ]
    return worker_spec(spec, served, named.endpoint, named.deployment, named.revision)
