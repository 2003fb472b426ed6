"""The files of model versions that are those of a run."""

from collections.abc import Callable

import pytest

from runyard.protocol.files import FileEntry, RegisterFiles
from runyard.protocol.models import RegisterModel, VerifyQuery
from runyard_server.core.system import System
from runyard_server.operations import files, models
from runyard_server.store import models as rows
from runyard_server.store.file_sets import holds

Store = Callable[..., FileEntry]


def registered(system: System, run: str, path: str = "outputs/model") -> str:
    """Register a version of `m` and give its id."""
    return models.register(system, "default", body=RegisterModel("m", path, run=run)).id


def contents(system: System, model: str) -> dict[str, str]:
    """Path and digest of each file of a version."""
    return {each.path: each.digest for each in models.get(system, "default", model).files}


def refers(system: System, version: int) -> bool:
    """Whether a version still has no rows of files of its own."""
    row = system.read(lambda work: rows.find(work.connection, "default", "m", version))
    assert row is not None
    return row.files_of is not None


def test_registering_writes_no_rows_of_files(system: System, run_with_files: str) -> None:
    """A version of ten thousand files costs what one of two does."""
    assert registered(system, run_with_files) == "m:1"
    assert refers(system, 1)
    assert list(contents(system, "m:1")) == ["model/graph.meta", "model/weights.data"]


@pytest.mark.parametrize("path", ["outputs/model/graph.meta", "outputs/model/new.txt"])
def test_a_version_keeps_its_files_when_those_of_the_run_change(
    system: System, run_with_files: str, store_text: Store, path: str
) -> None:
    """Neither what is overwritten nor what is added afterwards shows in a version."""
    registered(system, run_with_files)
    registered(system, run_with_files, "plot.png")
    before = contents(system, "m:1")
    entry = store_text(path, "another")
    body = RegisterFiles([entry], overwrite=True)
    files.register(system, "default", run_with_files, body=body)
    assert contents(system, "m:1") == before
    assert not refers(system, 1)
    # Another version of the run, to which the change does not belong, copies nothing.
    assert refers(system, 2)
    registered(system, run_with_files)
    assert contents(system, "m:3")[path.removeprefix("outputs/")] == entry.digest


def test_a_change_of_another_file_copies_nothing(
    system: System, run_with_files: str, store_text: Store
) -> None:
    """A run that goes on and writes more does not make its models' rows."""
    registered(system, run_with_files)
    body = RegisterFiles([store_text("outputs/model2/x", "x")])
    files.register(system, "default", run_with_files, body=body)
    assert refers(system, 1)


def test_a_sibling_of_like_name_is_not_held() -> None:
    """`outputs/model2` is no file of `outputs/model`."""
    assert holds("outputs/model", "outputs/model/x")
    assert holds("", "anything")
    assert not holds("outputs/model", "outputs/model2/x")


def test_damaged_and_missing_contents_are_named(system: System, run_with_files: str) -> None:
    """`runyard models verify` reads every file again and says which are not as they were."""
    registered(system, run_with_files)
    assert models.verify(system, "default", "m:1", VerifyQuery()).is_intact
    kept = contents(system, "m:1")
    place = system.blobs.path(kept["model/graph.meta"])
    place.chmod(0o644)
    place.write_bytes(b"grapf")
    system.blobs.path(kept["model/weights.data"]).unlink()
    found = models.verify(system, "default", "m", VerifyQuery())
    assert (found.damaged, found.missing) == (["model/graph.meta"], ["model/weights.data"])
    assert (found.files, found.is_intact, found.next_page_token) == (2, False, None)
