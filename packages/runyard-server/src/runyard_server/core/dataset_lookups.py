"""What a request means by a dataset: `name`, `name:version`, or the id of a definition."""

import json
import re
from typing import Any

from runyard.protocol.dataset_definitions import meaning
from runyard.protocol.datasets import DatasetRecord
from runyard.protocol.errors import NotFound
from runyard.protocol.suggestions import KNOWN, suggest
from runyard_server.core.clock import iso
from runyard_server.core.lookups import number, workspace_row
from runyard_server.core.work import Work
from runyard_server.store import datasets as rows
from runyard_server.store.datasets import DefinitionRow, NameRow, VersionRow

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_id(dataset: str) -> bool:
    """Whether a text is the id of a definition, which no name may look like."""
    return _ID.fullmatch(dataset) is not None


def find(work: Work, workspace: str, dataset: str) -> DatasetRecord:
    """A dataset as it is told; one that is named by its id has no version.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        dataset: What names it.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    if is_id(dataset):
        return record_of(definition_row(work, workspace, dataset))
    row, name = version_row(work, workspace, dataset)
    return record_of(definition_row(work, workspace, row.dataset), row, name.latest)


def definition_row(work: Work, workspace: str, dataset: str) -> DefinitionRow:
    """The definition of a dataset.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        dataset: What names it.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    id_ = dataset if is_id(dataset) else version_row(work, workspace, dataset)[0].dataset
    row = rows.find_definition(work.connection, workspace, id_)
    if row is None:
        workspace_row(work, workspace)
        raise NotFound(f"workspace {workspace!r} has no dataset of the id {id_!r}")
    return row


def read_by(work: Work, workspace: str, dataset: str) -> dict[str, Any]:
    """The definition that the files of a dataset are read by; see `meaning`.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        dataset: What names it.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    return meaning(find(work, workspace, dataset))


def version_row(work: Work, workspace: str, dataset: str) -> tuple[VersionRow, NameRow]:
    """A version of a dataset, and its name.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        dataset: `name` for the latest version, or `name:version`.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    name, _, version = dataset.partition(":")
    known = rows.find_name(work.connection, workspace, name)
    if known is None:
        raise unknown(work, workspace, name)
    wanted = number(version) if version else known.latest
    row = rows.find_version(work.connection, workspace, name, wanted)
    if row is None:
        raise NotFound(f"dataset {name!r} has no version {version}; the latest is {known.latest}")
    return row, known


def unknown(work: Work, workspace: str, name: str) -> NotFound:
    """The error of a name that no dataset has.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: The name.
    """
    workspace_row(work, workspace)
    there = [row.name for row in rows.names(work.connection, workspace, "", KNOWN)]
    near = suggest(name, there, "it has none yet")
    return NotFound(
        f"Cannot find dataset registered with name {name[:80]!r} in workspace {workspace!r}; "
        f"{near.sentence}",
        {"nearest": near.names},
    )


def record_of(
    definition: DefinitionRow, row: VersionRow | None = None, latest: int = 0
) -> DatasetRecord:
    """A dataset as it is told.

    Args:
        definition: Its definition.
        row: Its version; None for one without a name.
        latest: The number of its name's latest version.
    """
    given = json.loads(definition.definition)
    if row is None:
        return DatasetRecord(definition.id, given["kind"], given, iso(definition.created_at))
    return DatasetRecord(
        id=definition.id,
        kind=given["kind"],
        definition=given,
        created_at=iso(row.created_at),
        name=row.name,
        version=row.version,
        latest=latest,
        description=row.description,
        tags=row.tags,
        digest=row.digest,
        size=row.size,
        file_count=row.file_count,
        created_by=row.created_by,
        run=row.run,
        pinned=row.pinned,
    )
