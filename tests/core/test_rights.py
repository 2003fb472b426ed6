"""What a run's token may do: whose runs it changes, and which files it replaces."""

import io
from collections.abc import Callable

import pytest

from runyard.protocol import batches
from runyard.protocol.data import DOWNLOAD, MOUNT, UPLOAD, DataReference
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.errors import Forbidden
from runyard.protocol.files import FileEntry
from runyard.protocol.runs import RunSpec, StartRun, SubmitRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard_server.core import lookups, rights
from runyard_server.core.system import System
from runyard_server.operations import datastores, runs, snapshots
from runyard_server.store import job_nodes
from runyard_server.store.job_nodes import JobNodeRow

W, STORE = "default", "workspaceblobstore"


@pytest.fixture
def run(system: System, store_text: Callable[..., FileEntry]) -> str:
    """A run that mounts `results`, uploads to `up/x`, and reads `data`."""
    for path in ("data/a", "results/a"):
        query = WriteQuery()
        datastores.write(system, W, STORE, path, query=query, body=io.BytesIO(b"1"))
    files = [store_text("train.py", "print(1)")]
    snapshot = snapshots.create(system, W, body=CreateSnapshot(files)).id
    data = [
        DataReference("a", STORE, "data", DOWNLOAD),
        DataReference("b", STORE, "/results/", MOUNT),
        DataReference("c", STORE, "up/x", UPLOAD),
        DataReference("d", "workspacefilestore", "", MOUNT),
    ]
    spec = RunSpec("mnist", snapshot, "train.py", data=data)
    return runs.submit(system, W, body=SubmitRun(spec)).id


@pytest.mark.parametrize(
    ("store", "path", "expected"),
    [
        (STORE, "results/a", True),
        (STORE, "./results//b/c", True),
        (STORE, "up/x", True),
        (STORE, "data/a", False),
        (STORE, "results2/a", False),
        (STORE, "up", False),
        (STORE, "other", False),
        ("workspacefilestore", "anything/at/all", True),
    ],
)
def test_a_job_replaces_what_its_spec_names_to_write(
    system: System, run: str, store: str, path: str, expected: bool
) -> None:
    """Outputs may be written anew; inputs and what nobody mentioned may not."""
    assert rights.replaced_paths(system, W, run, store)(path) is expected


def test_a_file_that_is_there_is_not_replaced(system: System, run: str) -> None:
    """The refusal names the file and says how a job gets the right, alone and in a batch."""
    replaces = rights.replaced_paths(system, W, run, STORE)
    query = WriteQuery(overwrite=True)
    for path in ("data/b", "results/a"):
        datastores.write(system, W, STORE, path, query, io.BytesIO(b"2"), replaces)
    with pytest.raises(Forbidden, match=r"data/a.*as_mount"):
        datastores.write(system, W, STORE, "data/a", query, io.BytesIO(b"2"), replaces)
    files = [("data/a", b"3"), ("data/c", b"3"), ("results/a", b"3")]
    body = io.BytesIO(batches.join(batches.Content(*file) for file in files))
    done = datastores.write_many(system, W, STORE, query, body, replaces)
    assert done.stored == 2
    assert [(refusal.name, refusal.code) for refusal in done.refused] == [("data/a", "forbidden")]
    assert datastores.read(system, W, STORE, "data/a").path.read_bytes() == b"1"
    assert datastores.read(system, W, STORE, "results/a").path.read_bytes() == b"3"


def test_below_is_by_parent_and_by_submission(system: System) -> None:
    """A run reaches its children and what it submitted, and theirs; never upwards or sideways."""

    def start(**given: str) -> str:
        return runs.start(system, W, body=StartRun("mnist", **given)).id  # type: ignore[arg-type]

    top, beside = start(), start()
    child = start(parent=top)
    submitted = start(submitted_from=child)
    both = start(parent=beside, submitted_from=submitted)
    for below in (top, child, submitted, both):
        assert rights.is_below(system, W, below, top)
    assert rights.is_below(system, W, both, beside)
    for other in (top, beside, "none"):
        assert not rights.is_below(system, W, other, child)


def test_a_token_writes_until_the_last_word(system: System, run: str) -> None:
    """A run that was completed from outside still gets its log and outputs; afterwards no more."""
    key = system.read(lambda work: lookups.run_key(work, W, run))
    node = JobNodeRow(key, 0, 1, "local", "running")
    system.write(lambda work: job_nodes.add(work.connection, [node]))
    runs.complete(system, W, run)
    rights.check_open(system, W, run)
    system.write(lambda work: job_nodes.close(work.connection, key, 1))
    with pytest.raises(Forbidden, match="only reads"):
        rights.check_open(system, W, run)
