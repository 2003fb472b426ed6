"""What a run reads and makes: inputs are resolved when it begins, outputs when it has ended.

All nodes and attempts of a run see one resolution, which is kept with the run: files that are
added meanwhile are seen by nobody, but through a link to a whole folder.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from runyard.protocol.data import DataReference
from runyard.protocol.dataset_definitions import (
    FILE,
    VERSION,
    SourceFile,
    is_one_file,
    of_version,
    whole_folder,
)
from runyard.protocol.dataset_paths import output_path
from runyard.protocol.datasets import (
    DIRECT,
    INPUT,
    MOUNT,
    OUTPUT,
    DatasetFile,
    RegisterDataset,
    RunInput,
    RunOutput,
)
from runyard.protocol.errors import RunyardError
from runyard.protocol.jobs import JobInput, JobInputFile
from runyard.protocol.paths import unescaped
from runyard.protocol.runs import RunSpec
from runyard_server.core.dataset_lookups import definition_row, is_id, version_row
from runyard_server.core.lookups import folder_of
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import dataset_files, dataset_versions
from runyard_server.store import datasets as rows
from runyard_server.store import run_datasets
from runyard_server.store.run_datasets import RunDatasetRow
from runyard_server.store.runs import RunRow

# As many as an agent looks at again.
_MOST_LISTED = 20_000


@dataclass(frozen=True)
class _Meant:
    """What an input means: its definition, and the version where it was registered."""

    id: str
    definition: dict[str, Any]
    registered: str = ""
    version: int = 0
    pinned: str = ""


def inputs(system: System, row: RunRow, spec: RunSpec, *, shared: bool) -> list[JobInput]:
    """The inputs of a run as its agents get them.

    Args:
        system: The service's parts.
        row: The run.
        spec: What was submitted.
        shared: Whether its nodes see the datastores' files.

    Raises:
        NotFound: A dataset or a datastore is not there any more.
    """
    return [_input(system, row, each, shared=shared) for each in spec.inputs]


def references(spec: RunSpec, run: str) -> list[DataReference]:
    """What a run makes, as data references to folders that are there when the script begins.

    Args:
        spec: What was submitted.
        run: Id of the run.
    """
    return [
        DataReference(
            name=output.name,
            datastore=output.datastore,
            # The slash has the agent make a folder: scripts open files in it at once.
            path=f"{output_path(output.path, run, output.name)}/",
            mode=output.mode,
            path_on_compute=output.path_on_compute,
            overwrite=output.overwrite,
        )
        for output in spec.outputs
    ]


def note_outputs(system: System, row: RunRow, outputs: Sequence[RunOutput]) -> list[str]:
    """Write down what a run that has completed has made, and register it where that was asked for.

    May be done again: what is the same is the same version.

    Args:
        system: The service's parts.
        row: The run.
        outputs: What it was to make.

    Returns:
        Warnings.
    """
    warnings = []
    for output in outputs:
        try:
            warnings += _note_output(system, row, output)
        except (RunyardError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
            # The run has done its work; what became of one output must not fail it, and its agent
            # would repeat the last word for ever. A definition from before a check may be at fault,
            # or a file that only the job may read. The database's errors are not among these.
            warnings.append(f"output {output.name!r} was not registered: {_told(error)}")
    return warnings


def _told(error: Exception) -> str:
    return error.message if isinstance(error, RunyardError) else f"{type(error).__name__}: {error}"


def _input(system: System, row: RunRow, given: RunInput, *, shared: bool) -> JobInput:
    meant = system.read(lambda work: _meant(work, row.workspace, row.key, given))
    if given.mode == DIRECT:
        _kept(system, row, given, meant)
        return JobInput(given.name, given.mode, meant.id, version=meant.pinned)
    files = _kept(system, row, given, meant)
    sources = [_source(file) for file in files]
    is_one = is_one_file(meant.definition, sources)
    roots = _roots(system, row.workspace, {file.datastore for file in files} - {""}, shared=shared)
    folder = "" if is_one else whole_folder(meant.definition)
    root = roots.get(files[0].datastore, "") if files else ""
    linked = f"{root}/{unescaped(folder)}" if folder and root else ""
    # They are listed so that the agent can see whether they change; not where there are too many.
    listed = [] if linked and given.mode == MOUNT and len(files) > _MOST_LISTED else files
    return JobInput(
        name=given.name,
        mode=given.mode,
        dataset=meant.id,
        path_on_compute=given.path_on_compute,
        folder=linked,
        is_file=is_one,
        files=[_job_file(file, roots.get(file.datastore, ""), meant) for file in listed],
    )


def _meant(work: Work, workspace: str, key: int, given: RunInput) -> _Meant:
    """What an input means; once the run has begun, what it meant then."""
    for known in run_datasets.of_run(work.connection, key):
        if (known.direction, known.name) == (INPUT, given.name):
            text = definition_row(work, workspace, known.dataset).definition
            told = (work, workspace, known.registered, known.version)
            return _as_pinned(*told, _Meant(known.dataset, json.loads(text)))
    found = definition_row(work, workspace, given.dataset)
    meant = _Meant(found.id, json.loads(found.definition))
    if is_id(given.dataset):
        return meant
    version, _ = version_row(work, workspace, given.dataset)
    return _as_pinned(work, workspace, version.name, version.version, meant)


def _as_pinned(work: Work, workspace: str, name: str, version: int, meant: _Meant) -> _Meant:
    """What a version means: of one that is pinned, the bytes that it keeps."""
    meant = replace(meant, registered=name, version=version)
    row = rows.find_version(work.connection, workspace, name, version) if name else None
    if row is None or not row.pinned:
        return meant
    place = f"{name}:{version}"
    return replace(meant, definition=of_version(meant.definition, place), pinned=place)


def _kept(system: System, row: RunRow, given: RunInput, meant: _Meant) -> list[DatasetFile]:
    """The files of an input as they were when the run began; that is now, if it has none yet."""

    def known(work: Work) -> list[DatasetFile] | None:
        for each in run_datasets.of_run(work.connection, row.key):
            if (each.direction, each.name) == (INPUT, given.name):
                return run_datasets.files(work.connection, row.key, INPUT, given.name)
        return None

    files = system.read(known)
    if files is not None:
        return files
    found = dataset_files.resolve(system, row.workspace, meant.definition)

    def write(work: Work) -> list[DatasetFile]:
        # The agents of two nodes may be made at once: what was written first holds for both.
        before = known(work)
        if before is not None:
            return before
        told = (meant.id, given.mode, found.digest, meant.registered, meant.version)
        one = RunDatasetRow(row.key, INPUT, given.name, *told)
        run_datasets.put(work.connection, one, rows.packed(found.files))
        return found.files

    return system.write(write)


def _note_output(system: System, row: RunRow, output: RunOutput) -> list[str]:
    path = output_path(output.path, row.id, output.name)
    given = dict(output.definition)
    glob = str(given.pop("path_glob", ""))
    source = {"datastore": output.datastore, "path": f"{path}/{glob}" if glob else path}
    definition = {"kind": FILE, **given, "sources": [source]}
    found = dataset_files.resolve(system, row.workspace, definition, dataset_versions.LONGEST_READ)
    registered, version = "", 0
    if output.register:
        body = RegisterDataset(
            output.register, definition, output.description, output.tags, new_version=True
        )
        made = dataset_versions.register(system, row.workspace, body, row.id, repeats=True)
        registered, version = made.name, made.version

    def write(work: Work) -> None:
        id_ = dataset_versions.kept(work, row.workspace, definition).id
        told = (id_, output.mode, found.digest, registered, version)
        one = RunDatasetRow(row.key, OUTPUT, output.name, *told)
        run_datasets.put(work.connection, one, rows.packed(found.files))

    system.write(write)
    empty = f"output {output.name!r} has no files: the script wrote nothing to its path"
    return [] if found.files else [empty]


def _roots(
    system: System, workspace: str, datastores: Iterable[str], *, shared: bool
) -> dict[str, str]:
    """The folders of datastores as the run's nodes see them; those without one are left out."""
    if not shared:
        return {}
    found = {name: folder_of(system, workspace, name) for name in datastores}
    return {name: str(root) for name, root in found.items() if root is not None}


def _job_file(file: DatasetFile, root: str, meant: _Meant) -> JobInputFile:
    is_content = bool(file.url) or VERSION in meant.definition["sources"][file.source]
    return JobInputFile(
        name=file.name,
        size=file.size,
        # As the datastore lists it, so it leads nowhere else.
        source=f"{root}/{unescaped(file.path)}" if root and not is_content else "",
        datastore=file.datastore,
        path=file.path,
        url=file.url,
        digest=file.digest if is_content else "",
        modified_at=file.modified_at,
    )


def _source(file: DatasetFile) -> SourceFile:
    told = (file.name, file.datastore, file.path, file.url, file.size, file.modified_at)
    return SourceFile(*told, file.source)
