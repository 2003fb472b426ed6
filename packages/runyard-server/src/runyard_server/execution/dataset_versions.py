"""Versions of datasets: registered by people, and by runs that made them."""

import re
from dataclasses import replace

from runyard.protocol.dataset_definitions import canonical, checked, id_of, versions_in
from runyard.protocol.datasets import NAME_RULE, DatasetRecord, RegisterDataset
from runyard.protocol.errors import AlreadyExists, InvalidRequest, MissingBlobs
from runyard_server.core import holding
from runyard_server.core.dataset_lookups import is_id, record_of
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import dataset_files
from runyard_server.execution.dataset_files import Resolution
from runyard_server.store import datasets as rows
from runyard_server.store.datasets import DefinitionRow, NameRow, VersionRow

# Less than a client waits for an answer; what is unread then is told by sizes and times.
LONGEST_READ = 20.0
_MOST_TAGS = 100
_MOST_TOLD = 100


def register(
    system: System, workspace: str, body: RegisterDataset, run: str, *, repeats: bool = False
) -> DatasetRecord:
    """Register a definition under a name; the same definition and bytes are the same version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The name, the definition and the rest.
        run: Id of the run that made it; "" for none.
        repeats: Whether it may be that run's output, registered before.

    Raises:
        InvalidRequest: The name or the definition cannot be one, or the name is of another kind.
        AlreadyExists: The name is taken, and no new version was asked for.
        MissingBlobs: It is to be pinned, and not all of its bytes are stored.
    """
    check_name(body.name)
    definition = checked_definition(body.definition)
    if len(body.tags) > _MOST_TAGS:
        raise InvalidRequest(f"a dataset has {_MOST_TAGS} tags at most, not {len(body.tags)}")
    # What is read from a pinned version's bytes goes on to be, also when that one is deleted.
    pins = body.pin or bool(versions_in(definition))
    given = replace(body, definition=definition, pin=pins)
    # Before the files are listed and read, and once more in the write.
    system.read(lambda work: _known(work, workspace, given))
    found = dataset_files.resolve(system, workspace, definition, LONGEST_READ)
    if given.pin:
        _check_kept(system, found)
    told = (given, found, run, repeats)
    return system.write(lambda work: work.answered(_register(work, workspace, *told)))


def kept(work: Work, workspace: str, definition: dict[str, object]) -> DefinitionRow:
    """The row of a definition, which is made where there is none.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        definition: The definition.
    """
    id_ = id_of(workspace, definition)
    row = rows.find_definition(work.connection, workspace, id_)
    if row is None:
        row = DefinitionRow(id_, workspace, canonical(definition), work.now)
        rows.add_definition(work.connection, row)
    return row


def checked_definition(given: dict[str, object]) -> dict[str, object]:
    """A definition from outside, if it can be one.

    Raises:
        InvalidRequest: It cannot.
    """
    try:
        return checked(given)
    except ValueError as error:
        raise InvalidRequest(str(error)) from None


def check_name(name: str) -> None:
    """Check that a text can name datasets.

    Raises:
        InvalidRequest: It cannot.
    """
    if re.fullmatch(NAME_RULE, name) is None or is_id(name):
        raise InvalidRequest(
            f"{name[:80]!r} cannot name a dataset: letters, digits, blanks, '.', '_' and '-', at "
            "most 255, beginning with a letter or digit"
        )


def _known(work: Work, workspace: str, body: RegisterDataset) -> NameRow | None:
    """The name's row, if this definition may come under it."""
    workspace_row(work, workspace)
    kind = str(body.definition["kind"])
    name = rows.find_name(work.connection, workspace, body.name)
    if name is not None and name.kind != kind:
        raise InvalidRequest(
            f"{body.name!r} is a dataset of kind {name.kind!r}, and this one is {kind!r}; "
            "register it under another name"
        )
    if name is not None and not body.new_version:
        raise AlreadyExists(
            f"there is a dataset {body.name!r} already; pass create_new_version=True for its "
            "next version, or use another name"
        )
    return name


def _register(
    work: Work,
    workspace: str,
    body: RegisterDataset,
    found: Resolution,
    run: str,
    repeats: bool,
) -> DatasetRecord:
    name = _known(work, workspace, body)
    definition = kept(work, workspace, body.definition)
    if name is not None:
        known = _same(work, name, definition.id, found.digest, run if repeats else "")
        if known is not None:
            return record_of(definition, _pinned(work, body, known, found), name.latest)
    former = rows.numbered_name(work.connection, workspace, body.name)
    row = VersionRow(
        workspace=workspace,
        name=body.name,
        # Runs and models know versions by their numbers: none means other bytes later.
        version=1 if former is None else former.numbered + 1,
        dataset=definition.id,
        digest=found.digest,
        size=found.size,
        file_count=len(found.files),
        description=body.description,
        tags=body.tags,
        created_at=work.now,
        created_by=work.person,
        run=run,
    )
    rows.add_version(work.connection, row, rows.packed(found.files))
    row = _pinned(work, body, row, found)
    kind = str(body.definition["kind"])
    named = NameRow(workspace, body.name, kind, row.version, row.version)
    rows.put_name(work.connection, named)
    return record_of(definition, row, row.version)


def _same(work: Work, name: NameRow, dataset: str, digest: str, run: str) -> VersionRow | None:
    """The version that a definition with these bytes is already, or None.

    That is the latest alone: who registers what an earlier one was wants it to be the latest again.
    A run's agent repeats its last word, between which somebody may have registered another.
    """
    found = rows.find_version(work.connection, name.workspace, name.name, name.latest)
    if found is None or (found.dataset, found.digest) != (dataset, digest):
        told = (name.workspace, name.name, dataset, run)
        found = rows.made_version(work.connection, *told) if run else None
    return found if found is not None and found.digest == digest else None


def _check_kept(system: System, found: Resolution) -> None:
    """Check that all bytes of what is to be pinned are stored.

    Raises:
        MissingBlobs: Some are not.
    """
    missing = system.blobs.missing(file.digest for file in found.files if file.digest)
    lost = set(missing)
    count = sum(not file.digest or file.digest in lost for file in found.files)
    if count:
        raise MissingBlobs(
            f"the bytes of {count} of {len(found.files)} files are not kept yet: ask for "
            "dataset-contents until nothing is unread, then register again",
            {"missing": missing[:_MOST_TOLD]},
        )


def _pinned(work: Work, body: RegisterDataset, row: VersionRow, found: Resolution) -> VersionRow:
    """The version, which keeps its bytes from now on if that was asked for."""
    if not body.pin or row.pinned:
        return row
    digests = sorted({file.digest for file in found.files})
    holding.claim(work, digests)
    rows.pin(work.connection, row, digests)
    return replace(row, pinned=True)
